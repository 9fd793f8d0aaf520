import { IdServerError } from '../errors.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'

/** @throws {IdServerError} `NotFound` when the name is free. */
export async function findDocument(store: Pick<IdentityFileStore, 'get'>, name: string): Promise<Uint8Array> {
  const stored = await store.get(name)
  if (stored === null) throw new IdServerError('NotFound', `no identity has the name ${name} here`, { subject: name })
  return stored.bytes
}
