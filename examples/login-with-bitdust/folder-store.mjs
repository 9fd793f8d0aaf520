import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, sha256, toHex, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { makePrivateFolder, writeFileDurable } from '@bitdust/crypto/files'

const LINE_FEED = 0x0a

/** An `IdentityStore` of `@bitdust/identity` in a folder: a file per key, which begins with the key on a line. */
export function folderStore(folder) {
  // Keys hold addresses, too long and too odd for the names of files.
  const pathOf = (key) => join(folder, toHex(sha256(utf8Encode(key))))

  return {
    async get(key) {
      const bytes = await readFile(pathOf(key)).catch(nullIfMissing)
      return bytes === null ? null : new Uint8Array(bytes.subarray(bytes.indexOf(LINE_FEED) + 1))
    },
    async put(key, bytes) {
      await makePrivateFolder(folder)
      await writeFileDurable(pathOf(key), concatBytes(utf8Encode(`${key}\n`), bytes))
    },
    async *list(prefix) {
      for (const name of (await readdir(folder).catch(nullIfMissing)) ?? []) {
        const bytes = await readFile(join(folder, name))
        const key = utf8Decode(bytes.subarray(0, bytes.indexOf(LINE_FEED)))
        if (key.startsWith(prefix)) yield key
      }
    },
  }
}

function nullIfMissing(error) {
  if (error.code === 'ENOENT') return null
  throw error
}
