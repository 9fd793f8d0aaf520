import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BitdustError, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { readPrivateFile, writeFileDurable } from '@bitdust/crypto/files'
import { type IdentityDocument, idurlParts } from '@bitdust/identity'
import { parseNickname } from '@bitdust/records'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import type { FolderPaths } from './folder.ts'
import { masterKeyNeeded } from './metadata.ts'
import { primaryOf } from './wiring/devices.ts'

const MAX_BYTES = 4096
const NicknameFile = v.strictObject({
  format: v.literal('bitdust-nickname'),
  version: v.literal(1),
  nickname: v.string(),
})

/**
 * The nickname of a folder: the user name until another one is chosen.
 *
 * @throws {NodeError} `StorageCorrupt` for a damaged file; `Unauthorized` on an enrolled device, which is not told of it.
 */
export async function readNickname(paths: FolderPaths, document: IdentityDocument): Promise<string> {
  if (existsSync(join(paths.metadata, 'encryption.key'))) throw masterKeyNeeded('the nickname is kept')
  const file = fileOf(paths)
  const bytes = await readPrivateFile(file, { maxBytes: MAX_BYTES }).catch((error: unknown) => {
    if (error instanceof BitdustError && error.code === 'NotFound') return null
    throw error
  })
  if (bytes === null) return idurlParts(primaryOf(document)).name
  try {
    return parseNickname(v.parse(v.pipe(v.string(), v.parseJson(), NicknameFile), utf8Decode(bytes)).nickname)
  } catch (cause) {
    throw new NodeError('StorageCorrupt', `${file} is damaged; set your nickname again`, { cause, subject: file })
  }
}

/** Keeps a nickname, as `parseNickname` returned it. */
export async function writeNickname(paths: FolderPaths, nickname: string): Promise<void> {
  const text = JSON.stringify({ format: 'bitdust-nickname', version: 1, nickname })
  await writeFileDurable(fileOf(paths), utf8Encode(`${text}\n`))
}

function fileOf({ metadata }: FolderPaths): string {
  return join(metadata, 'nickname.json')
}
