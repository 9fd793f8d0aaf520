import { isBitdustError } from '@bitdust/crypto'

/** An error as it is shown to the user of the node: no stack, no secrets. */
export interface ErrorReport {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly culprit?: string
  readonly subject?: string
  /** Further facts of this code, such as `have`, `need` and `missing` of `NotEnoughFragments`. */
  readonly [detail: string]: unknown
}

const DETAILS = ['have', 'need', 'missing', 'step', 'reasons'] as const

/** Turns anything thrown into a report. What is not one of our errors becomes `Internal`, or `Cancelled` when it was aborted. */
export function describeError(error: unknown): ErrorReport {
  if (isBitdustError(error)) {
    const details = Object.fromEntries(
      DETAILS.flatMap((key) => (key in error ? [[key, (error as unknown as Record<string, unknown>)[key]]] : [])),
    )
    return {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.culprit === undefined ? {} : { culprit: error.culprit }),
      ...(error.subject === undefined ? {} : { subject: error.subject }),
      ...details,
    }
  }
  if (error instanceof Error && error.name === 'AbortError')
    return { code: 'Cancelled', message: 'cancelled', retryable: true }
  if (error instanceof Error && error.name === 'TimeoutError')
    return { code: 'Timeout', message: 'no answer in time', retryable: true }
  return { code: 'Internal', message: error instanceof Error ? error.message : String(error), retryable: false }
}
