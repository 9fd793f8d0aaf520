import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import {
  equalBytes,
  importRsaPrivateKey,
  inspectKeyFile,
  isBitdustError,
  isPaperKey,
  type RsaPrivateKey,
  readKeyFile,
  readPaperKey,
  utf8Decode,
  utf8Encode,
  writeKeyFile,
} from '@bitdust/crypto'
import { readPrivateFile, removeDurable, writeFileDurable } from '@bitdust/crypto/files'
import { idurlToUser } from '@bitdust/identity'
import { readConfig } from './config.ts'
import { NodeError } from './errors.ts'
import { openFolder } from './folder.ts'
import { findMasterKey, MAX_KEY_FILE_BYTES, readOwnIdentity, removeMasterKey } from './metadata.ts'
import { primaryOf } from './wiring/devices.ts'

export interface MoveMasterKeyOptions {
  /** Data folder; no node may run on it. */
  readonly directory: string
  /** The new file, outside of the data folder. */
  readonly file: string
  /** Protects the file; needed where the medium cannot keep others from reading it. */
  readonly passphrase?: string
}

/**
 * Moves the master key of a data folder to a file on another medium: writes it, reads it back, and only then removes it
 * from the folder. From then on the node starts with the key given to it.
 *
 * @returns The file's full path.
 * @throws {NodeError} `NotFound` when the folder has no master key, `TargetExists`, `PathUnsafe` for a file inside the
 *   folder, `FolderInUse`, `InsecureKeyPermissions`, `StorageCorrupt` when the medium gives back something else. The
 *   folder keeps its key then.
 */
export async function moveMasterKey({ directory, file, passphrase }: MoveMasterKeyOptions): Promise<string> {
  const target = resolve(file)
  const { paths, release } = await openFolder(directory)
  try {
    if (await isInside(paths.root, target))
      throw new NodeError('PathUnsafe', `${target} is inside the data folder; name a file on another medium`)
    const { network } = await readConfig(paths.config)
    const { identity } = await readOwnIdentity(paths, { allowPrivate: network.local })
    const masterKey = await findMasterKey(paths)
    if (masterKey === null) throw new NodeError('NotFound', `${paths.root} has no master key to move`)
    if (await exists(target)) throw new NodeError('TargetExists', `${target} exists; name a new file`)
    const keyId = `master$${idurlToUser(primaryOf(identity))}`
    const text = await writeKeyFile(
      { kind: 'private', keyId, key: masterKey, creator: identity.fingerprint },
      passphrase === undefined ? {} : { passphrase },
    )
    await writeFileDurable(target, utf8Encode(text))
    try {
      const stored = await parseMasterKey(await readMasterKeyFile(target), passphrase)
      await requireSame(stored, masterKey, target)
    } catch (error) {
      await removeDurable(target)
      throw error
    }
    await removeMasterKey(paths)
    return target
  } finally {
    release()
  }
}

/**
 * Reads the text of a key file. One without a passphrase must be closed to others; on a medium that knows no
 * permissions only a protected one is read.
 *
 * @throws {CryptoError} `NotFound`, `InsecureKeyPermissions`, `LimitExceeded`, `StorageCorrupt`.
 */
export async function readMasterKeyFile(file: string): Promise<string> {
  try {
    return utf8Decode(await readPrivateFile(file, { maxBytes: MAX_KEY_FILE_BYTES }))
  } catch (error) {
    if (!isBitdustError(error, 'InsecureKeyPermissions')) throw error
    const entry = await stat(file)
    if (!entry.isFile() || entry.size > MAX_KEY_FILE_BYTES) throw error
    const text = await readFile(file, 'utf8')
    if (needsPassphrase(text)) return text
    throw new NodeError(
      'InsecureKeyPermissions',
      `${error.message}; close it to others, or protect the key by a passphrase where the medium knows no permissions`,
      { cause: error, subject: file },
    )
  }
}

/** Whether a key file or PEM is protected by a passphrase. Decides nothing but whether to ask for one. */
export function needsPassphrase(text: string): boolean {
  if (isPem(text)) return /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)
  try {
    return inspectKeyFile(text).isEncrypted
  } catch {
    return false
  }
}

/**
 * Reads a private master key: a key file, a key typed from paper, or PEM.
 *
 * @throws {CryptoError} `KeyMalformed`, `KeyUnlockFailed`, `VersionUnsupported`; {@link NodeError} `KeyMalformed` for a
 *   public key.
 */
export async function parseMasterKey(text: string, passphrase?: string): Promise<RsaPrivateKey> {
  const options = passphrase === undefined ? {} : { passphrase }
  if (isPaperKey(text)) return (await readPaperKey(text)).key
  if (isPem(text)) return importRsaPrivateKey(text, options)
  const file = await readKeyFile(text, options)
  if (file.kind === 'private') return file.key
  throw new NodeError('KeyMalformed', 'this file holds a public key; the private master key is needed')
}

function isPem(text: string): boolean {
  return text.trimStart().startsWith('-----')
}

async function requireSame(stored: RsaPrivateKey, masterKey: RsaPrivateKey, file: string): Promise<void> {
  const [read, written] = [await stored.exportPkcs8(), await masterKey.exportPkcs8()]
  const isSame = equalBytes(read, written)
  read.fill(0)
  written.fill(0)
  if (!isSame) throw new NodeError('StorageCorrupt', `${file} gave back another key; the folder keeps its own`)
}

/** Wherever symbolic links lead. */
async function isInside(root: string, file: string): Promise<boolean> {
  const folder = dirname(file)
  // In a folder that is not there nothing will be written.
  const real = await Promise.all([realpath(root), realpath(folder).catch(() => folder)])
  const within = (parent: string, path: string) => {
    const way = relative(parent, path)
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
  }
  return within(root, file) || within(...real)
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
