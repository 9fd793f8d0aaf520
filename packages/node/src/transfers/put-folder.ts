import { folderSource } from '../adapters/folder-source.ts'
import type { BitdustNode } from '../node.ts'
import { findPlace } from '../remote-path.ts'
import type { PutCall, StoredFolder, WantedPut } from './transfers.ts'

/** Stores a file or folder of this machine, and tells what of it cannot be stored. */
export async function putFolder(
  node: BitdustNode,
  { local, remote }: WantedPut,
  { signal, onProgress }: PutCall,
): Promise<StoredFolder> {
  const customer = node.requireCustomer()
  const { location, path } = await findPlace(node, remote, { signal })
  const skipped: { path: string; reason: string }[] = []
  const entries = folderSource(local, { onSkipped: (where, reason) => skipped.push({ path: where, reason }) })
  const stored = await customer.put(path, { entries }, { location, signal, onProgress })
  return { ...stored, skipped }
}
