/** One thing that every implementation of a port does. */
export interface Law<T> {
  /** As a sentence. */
  readonly title: string
  /** Throws when it does not hold. */
  readonly hold: (subject: T) => Promise<void>
}
