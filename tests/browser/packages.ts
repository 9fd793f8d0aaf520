/** The packages under test, through the watch. Every file that runs in the page takes them from here. */
import * as cryptoPackage from '@bitdust/crypto'
import * as identityPackage from '@bitdust/identity'
import { watch } from './watch.ts'

const watchedCrypto = watch('crypto', cryptoPackage)
const watchedIdentity = watch('identity', identityPackage)

export const crypto = watchedCrypto.exports
export const identity = watchedIdentity.exports

/** Exported functions that nothing here has called so far. */
export function unusedExports(): string[] {
  return [...watchedCrypto.unused(), ...watchedIdentity.unused()]
}

/** Name and kind of every export, to compare what a page gets with what Node gets. */
export function exportKinds(): string[] {
  return Object.entries({ ...cryptoPackage, ...identityPackage }).map(([name, value]) => `${name}: ${typeof value}`)
}
