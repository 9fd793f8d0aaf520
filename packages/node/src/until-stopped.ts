/**
 * Waits for SIGTERM or SIGINT, or for the given promise. For programs that serve until they are told to stop.
 */
export async function untilStopped(other?: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = () => resolve()
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  await Promise.race([promise, ...(other === undefined ? [] : [other])])
  process.removeListener('SIGTERM', stop)
  process.removeListener('SIGINT', stop)
}
