/** The same promise, whose failure is no unhandled rejection even when nobody waits for it yet, or ever. */
export function handledLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
