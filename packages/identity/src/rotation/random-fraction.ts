import { randomBytes } from '@bitdust/crypto'

/** A number that nobody can foresee, from 0 to below 1, in steps of 2^-32. */
export function randomFraction(): number {
  return randomBytes(4).reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 32
}
