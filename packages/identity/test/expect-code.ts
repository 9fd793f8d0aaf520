import { isBitdustError } from '@bitdust/crypto'
import { expect } from 'vitest'
import type { IdentityErrorCode } from '../src/index.ts'

/** The code with which work fails; `undefined` when it does not. Anything but an error of BitDust is a failed test. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!isBitdustError(error)) throw error
    return error.code
  }
}

export async function expectCode(code: IdentityErrorCode, work: () => unknown): Promise<void> {
  expect(await codeOf(work)).toBe(code)
}
