import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BitdustError, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { readPrivateFile, removeDurable, writeFileDurable } from '@bitdust/crypto/files'
import type { KeyStore } from '@bitdust/identity'

const MAX_KEY_FILE_BYTES = 64 * 1024
const SUFFIX = '.key'

/** The key ring's store as the documents describe it: a folder with one text file for each key, mode 0600. */
export function folderKeyStore(folder: string): KeyStore {
  const fileOf = (name: string) => join(folder, `${name}${SUFFIX}`)
  return {
    async get(name) {
      try {
        return utf8Decode(await readPrivateFile(fileOf(name), { maxBytes: MAX_KEY_FILE_BYTES }))
      } catch (error) {
        if (error instanceof BitdustError && error.code === 'NotFound') return null
        throw error
      }
    },
    async put(name, text) {
      await writeFileDurable(fileOf(name), utf8Encode(text))
    },
    async remove(name) {
      await removeDurable(fileOf(name))
    },
    async *list() {
      for (const name of await readdir(folder)) if (name.endsWith(SUFFIX)) yield name.slice(0, -SUFFIX.length)
    },
  }
}
