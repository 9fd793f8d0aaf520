import { type IdentityDocument, openIdentity } from '@bitdust/identity'
import { IdServerError } from '../errors.ts'

/**
 * The document that stands under a name. It was verified when it came, under the settings of that day.
 *
 * @throws {IdServerError} `StorageCorrupt` when it no longer verifies.
 */
export async function openStored(bytes: Uint8Array, name: string): Promise<IdentityDocument> {
  try {
    return await openIdentity(bytes, { allowPrivate: true })
  } catch (cause) {
    throw new IdServerError('StorageCorrupt', `the stored identity ${name} no longer verifies`, {
      cause,
      subject: name,
    })
  }
}
