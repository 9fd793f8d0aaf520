import { type Fingerprint, importRsaPublicKey, type RsaPublicKey } from '@bitdust/crypto'
import { invalid } from './errors.ts'

/**
 * The key that a record brings with it to be checked by: it must be the one whose fingerprint the record names.
 *
 * @param kind - Kind of the record, for errors.
 * @throws {RecordError} `RecordInvalid`
 */
export async function requireOwnKey(
  { owner, ownerKey }: { readonly owner: Fingerprint; readonly ownerKey: Uint8Array },
  kind: string,
): Promise<RsaPublicKey> {
  const key = await importRsaPublicKey(ownerKey).catch((cause) => invalid(`${kind}.ownerKey`, 'malformed', cause))
  return key.fingerprint === owner ? key : invalid(`${kind}.ownerKey`, 'not the key of the owner')
}
