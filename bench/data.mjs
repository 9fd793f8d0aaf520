import { randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'

export const MIB = 2 ** 20

/** Writes a file of random bytes, which nothing can compress or deduplicate. */
export async function randomFile(path, mib) {
  const file = await open(path, 'w')
  const buffer = Buffer.allocUnsafe(MIB)
  for (let index = 0; index < mib; index++) {
    randomFillSync(buffer)
    await file.write(buffer)
  }
  await file.close()
  return path
}
