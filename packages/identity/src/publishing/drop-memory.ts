/** Where a publisher remembers the certificates that were taken out here. */
export interface DropMemory {
  /** What was put last, or nothing. */
  get(): Promise<readonly string[]>
  /**
   * Replaces it. Resolves when it will survive a restart.
   *
   * @param certificates - Texts as they stood in the document, the newest last, at most {@link MAX_DROPS}.
   */
  put(certificates: readonly string[]): Promise<void>
}

/** So many certificates are remembered; the oldest are forgotten first. */
export const MAX_DROPS = 256

/** One that ends with the process. */
export function memoryDropMemory(): DropMemory {
  let kept: readonly string[] = []
  return {
    get: async () => kept,
    put: async (certificates) => {
      kept = certificates
    },
  }
}
