import type { RsaPrivateKey } from '@bitdust/crypto'
import { createKeyRing, type IdentityDocument, type KeyRing } from '@bitdust/identity'
import type { ShareSummary } from '@bitdust/shares'
import { folderKeyStore } from '../adapters/folder-key-store.ts'
import { readConfig } from '../config.ts'
import { type FolderPaths, folderPaths, openFolder } from '../folder.ts'
import { findMasterKey, readOwnIdentity, requireKeyOf } from '../metadata.ts'
import type { BitdustNode } from '../node.ts'

/** Longest wait for another command that works with the folder, in ms: a pipe of two is usual. */
const PATIENCE_MS = 2_000

/** What commands about keys need: of a running node, or of a data folder on which none runs. */
export interface KeyHolder {
  readonly paths: FolderPaths
  readonly keys: KeyRing
  /** The own identity. */
  document(): IdentityDocument
  /** Null where it is not: on an enrolled device, or kept elsewhere while no node runs. */
  readonly masterKey: RsaPrivateKey | null
  /** Null while nobody knows them: without a running customer. */
  shares(): Promise<readonly ShareSummary[] | null>
}

/** The keys of a running node. */
export function keyHolderOf(node: BitdustNode): KeyHolder {
  return {
    paths: node.paths,
    keys: node.keys,
    document: () => node.identity.document(),
    masterKey: node.status().masterKey === 'elsewhere' ? null : node.requireMasterKey('use it'),
    shares: async () => (node.config.roles.customer ? node.requireShares().list() : null),
  }
}

/**
 * Works with the keys of a data folder on which no node runs; the folder is this process's for so long.
 *
 * @throws {NodeError} `NotInitialized`, before anything is made; `FolderInUse`.
 */
export async function withKeysOf<T>(directory: string, work: (holder: KeyHolder) => Promise<T>): Promise<T> {
  const allowPrivate = (await readConfig(folderPaths(directory).config)).network.local
  await readOwnIdentity(folderPaths(directory), { allowPrivate })
  const { paths, release } = await openFolder(directory, { waitMs: PATIENCE_MS })
  try {
    const { identity } = await readOwnIdentity(paths, { allowPrivate })
    const masterKey = await findMasterKey(paths)
    if (masterKey !== null) requireKeyOf(identity, masterKey)
    return await work({
      paths,
      keys: createKeyRing({ store: folderKeyStore(paths.keys) }),
      document: () => identity,
      masterKey,
      shares: async () => null,
    })
  } finally {
    release()
  }
}
