/** What went wrong in a step, told as the packages tell theirs: a code, and a message for people. */
export class StepError extends Error {
  /** @override */
  name = 'StepError'

  /**
   * @param {'Cancelled' | 'FolderInvalid' | 'NotRefused' | 'Timeout' | 'TreesDiffer' | 'Unexpected'} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options)
    this.code = code
  }
}

/**
 * Goes on only when something is so.
 *
 * @param {boolean} isSo
 * @param {string} message What was found instead.
 * @throws {StepError} `Unexpected`
 */
export function check(isSo, message) {
  if (!isSo) throw new StepError('Unexpected', message)
}
