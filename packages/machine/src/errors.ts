/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type MachineErrorCode = 'Cancelled'

/** The one error class of this package. Its fields are those of every BitDust error. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
  readonly code: MachineErrorCode
  /** Always false: a machine that stopped or ended does not come back. */
  readonly retryable = false
  /** Name of the machine. */
  readonly subject: string

  constructor(
    code: MachineErrorCode,
    message: string,
    options: { readonly subject: string; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.subject = options.subject
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isMachineError(error: unknown, code?: MachineErrorCode): error is MachineError {
  return (
    error instanceof Error &&
    error.name === 'MachineError' &&
    (code === undefined || (error as MachineError).code === code)
  )
}
