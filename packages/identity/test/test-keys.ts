import { importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import { testKeys } from '@bitdust/testing'

/** Master keys of the people in these tests. */
export const aliceKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][0])
export const bobKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][1])
export const malloryKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][2])
export const largeKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[4096][0])
