import { importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import { testKeys } from '@bitdust/testing'

const imported = new Map<number, Promise<RsaPrivateKey>>()

/** One of the fixed RSA-2048 keys, 0 to 5. */
export function testKey(index: number): Promise<RsaPrivateKey> {
  const known = imported.get(index) ?? importRsaPrivateKey(testKeys[2048][index]!)
  imported.set(index, known)
  return known
}
