import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { equalBytes, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import { type IdentityDocument, idurlParts, MAX_IDENTITY_BYTES, openIdentity } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import { primaryOf } from '../wiring/devices.ts'
import { SITE_MARK, siteIndex, sitePage, siteReadme } from './pages.ts'

/** A web server has to read them. */
const PUBLIC_FILE_MODE = 0o644
const PUBLIC_FOLDER_MODE = 0o755

/** What was written. */
export interface ExportedSite {
  /** Full path of the folder. */
  readonly directory: string
  /** Name of the file that holds the identity, `alice.xml`. */
  readonly file: string
  /** Whether any file is different from before. */
  readonly changed: boolean
}

/**
 * Writes a folder for any web server: `<name>.xml` byte for byte, pages for people, a README. Each file is replaced whole,
 * the identity last. Everything is checked before the first write.
 *
 * @throws {NodeError} `TargetExists` when one of the files is there and was not written by an export of this identity:
 *   nothing is changed then. `FolderInvalid` when the folder cannot be made. {@link CryptoError} `DiskFull`, `StorageCorrupt`.
 */
export async function exportSite(folder: string, document: IdentityDocument): Promise<ExportedSite> {
  const directory = resolve(folder)
  const { name } = idurlParts(primaryOf(document))
  const file = `${name}.xml`
  const files: readonly (readonly [string, Uint8Array])[] = [
    ['index.html', utf8Encode(siteIndex(name))],
    [`${name}.html`, utf8Encode(sitePage(name, document))],
    ['README.txt', utf8Encode(siteReadme(name))],
    [file, document.bytes],
  ]
  await mkdir(directory, { recursive: true, mode: PUBLIC_FOLDER_MODE }).catch((cause: unknown) => {
    throw new NodeError('FolderInvalid', `${directory} is no folder and cannot be made one`, {
      cause,
      subject: directory,
    })
  })
  const held = await Promise.all(files.map(([entry]) => readOrNull(join(directory, entry))))
  for (const [index, [entry]] of files.entries()) {
    const bytes = held[index] ?? null
    if (bytes !== null && !(await isOurs(entry, bytes, document))) throw foreign(join(directory, entry))
  }
  let changed = false
  for (const [index, [entry, bytes]] of files.entries()) {
    const before = held[index] ?? null
    if (before !== null && equalBytes(before, bytes)) continue
    await writeFileDurable(join(directory, entry), bytes, { mode: PUBLIC_FILE_MODE })
    changed = true
  }
  return { directory, file, changed }
}

async function readOrNull(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new NodeError('TargetExists', `${path} is there and cannot be read; name another folder`, {
      cause,
      subject: path,
    })
  }
}

async function isOurs(entry: string, bytes: Uint8Array, { fingerprint }: IdentityDocument): Promise<boolean> {
  if (!entry.endsWith('.xml'))
    return bytes.length <= MAX_IDENTITY_BYTES * 2 && utf8DecodeOrEmpty(bytes).includes(SITE_MARK)
  const document = await openIdentity(bytes, { allowPrivate: true }).catch(() => null)
  return document?.fingerprint === fingerprint
}

function utf8DecodeOrEmpty(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes)
  } catch {
    return ''
  }
}

function foreign(path: string): NodeError {
  return new NodeError(
    'TargetExists',
    `${path} was not written by an export of this identity and stays as it is; name another folder`,
    { subject: path },
  )
}
