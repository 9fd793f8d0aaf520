import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { utf8Encode } from '@bitdust/crypto'
import { makePrivateFolder, sweepTemporaryFiles, writeFileDurable } from '@bitdust/crypto/files'
import { NodeError } from './errors.ts'

/** Version of the folder's layout that this software writes. Older ones are upgraded on opening, newer ones refused. */
export const FOLDER_VERSION = 1

/** Where the parts of a data folder lie. All folders are 0700, all files of keys 0600. */
export interface FolderPaths {
  readonly root: string
  readonly config: string
  readonly metadata: string
  readonly keys: string
  readonly catalog: string
  readonly supplier: string
  readonly idserver: string
  readonly logs: string
  /** Port and token of the running daemon's local API. */
  readonly api: string
}

/** A data folder held by this process. */
export interface DataFolder {
  readonly paths: FolderPaths
  /** Lets another process have the folder. Idempotent. */
  release(): void
}

/** The data folder used when none is named: `BITDUST_HOME`, else `.bitdust` in the user's home. */
export function defaultFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment.BITDUST_HOME ?? join(homedir(), '.bitdust'))
}

/** Names the parts of a data folder without touching the disk. */
export function folderPaths(directory: string): FolderPaths {
  const root = resolve(directory)
  return {
    root,
    config: join(root, 'config.json'),
    metadata: join(root, 'metadata'),
    keys: join(root, 'keys'),
    catalog: join(root, 'catalog'),
    supplier: join(root, 'supplier'),
    idserver: join(root, 'idserver'),
    logs: join(root, 'logs'),
    api: join(root, 'api.json'),
  }
}

/**
 * Opens a data folder for this process alone, makes what is missing in it, and removes what interrupted writes left of keys.
 *
 * The lock is an exclusive transaction on `lock.sqlite`: the operating system frees it when the process ends, however it ends.
 *
 * @param options.waitMs - How long to wait for another process to let go of it; nothing else happens here meanwhile. @default 0
 * @throws {NodeError} `FolderInUse`: another process has it. `VersionUnsupported`: a newer version of the software wrote it.
 */
export async function openFolder(
  directory: string,
  { waitMs = 0 }: { readonly waitMs?: number } = {},
): Promise<DataFolder> {
  const paths = folderPaths(directory)
  await makePrivateFolder(paths.root)
  const lock = takeLock(paths.root, waitMs)
  try {
    await checkVersion(paths.root)
    for (const part of [paths.metadata, paths.keys, paths.catalog, paths.supplier, paths.idserver, paths.logs])
      await makePrivateFolder(part)
    // A write that was killed may have left a key there, which would outlive its moving or deleting.
    for (const part of [paths.metadata, paths.keys]) await sweepTemporaryFiles(part)
  } catch (error) {
    lock.close()
    throw error
  }
  return {
    paths,
    release() {
      if (lock.isOpen) lock.close()
    },
  }
}

/** Whether a folder already belongs to an identity. */
export async function isInitialized(directory: string): Promise<boolean> {
  const identity = join(folderPaths(directory).metadata, 'identity.xml')
  return stat(identity).then(
    () => true,
    () => false,
  )
}

function takeLock(root: string, waitMs: number): DatabaseSync {
  const lock = new DatabaseSync(join(root, 'lock.sqlite'), { timeout: waitMs })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw new NodeError(
      'FolderInUse',
      `${root} is used by another bitdust process; stop it (bitdust stop) or name another --folder`,
      {
        cause: error,
        subject: root,
      },
    )
  }
}

async function checkVersion(root: string): Promise<void> {
  const file = join(root, 'version')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return writeFileDurable(file, utf8Encode(`${FOLDER_VERSION}\n`))
  if (!/^[1-9]\d{0,5}\n?$/.test(text))
    throw new NodeError('FolderInvalid', `${file} does not hold a version number; is ${root} a bitdust folder?`)
  const version = Number(text)
  if (version > FOLDER_VERSION)
    throw new NodeError(
      'VersionUnsupported',
      `${root} was written by a newer version (layout ${version}, this one knows ${FOLDER_VERSION}); upgrade bitdust`,
    )
}
