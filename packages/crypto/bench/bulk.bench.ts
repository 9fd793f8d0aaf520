import { test } from 'vitest'
import { createTreeHasher, decryptBlock, encryptBlock, randomBytes, sha256, treeRoot } from '../src/index.ts'

const BLOCK_BYTES = 8 * 1024 * 1024

test('a block of 8 MiB', async ({ bench }) => {
  const key = randomBytes(32)
  const block = randomBytes(BLOCK_BYTES)
  const ciphertext = await encryptBlock(key, block)
  await bench.compare(
    bench('encryptBlock', async () => {
      await encryptBlock(key, block)
    }),
    bench('decryptBlock', async () => {
      await decryptBlock(key, ciphertext)
    }),
    bench('sha256', () => {
      sha256(ciphertext)
    }),
    bench('treeRoot', () => {
      treeRoot(ciphertext)
    }),
    bench('createTreeHasher, 64 KiB at a time', () => {
      const hasher = createTreeHasher()
      for (let offset = 0; offset < ciphertext.length; offset += 65_536) {
        hasher.update(ciphertext.subarray(offset, offset + 65_536))
      }
      hasher.digest()
    }),
  )
})
