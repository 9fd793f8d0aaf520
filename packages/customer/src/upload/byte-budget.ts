/** Bounds the memory that waits for something. */
export interface ByteBudget {
  /** Waits until there is room; what is larger than all of it waits until nothing else is there. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void>
  give(bytes: number): void
}

export function createByteBudget(maxBytes: number): ByteBudget {
  const waiting = new Set<() => void>()
  let used = 0

  function freed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const come = () => {
        signal.removeEventListener('abort', abort)
        waiting.delete(come)
        resolve()
      }
      const abort = () => {
        waiting.delete(come)
        reject(signal.reason)
      }
      waiting.add(come)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  return {
    async take(bytes, signal) {
      signal.throwIfAborted()
      while (used > 0 && used + bytes > maxBytes) await freed(signal)
      used += bytes
    },
    give(bytes) {
      used -= bytes
      for (const come of [...waiting]) come()
    },
  }
}
