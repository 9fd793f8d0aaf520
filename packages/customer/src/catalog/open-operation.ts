import { devicePublicKeyOf, isBitdustError } from '@bitdust/crypto'
import { type Entry, type JournalPayload, type Manifest, manifestRecord, type Opened } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { KnownEntry } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'
import type { Operation } from './operation.ts'

/** The last moment that has a version name; a writer's clock can stand anywhere. */
const LAST_DATE_MS = Date.UTC(10_000, 0) - 1

/**
 * Turns what an entry says into what it does. A manifest is verified here, before anything in it is used: whoever can
 * encrypt to a location proves nothing by it (`threats.md` section 3, authorship).
 *
 * @throws {CustomerError} `ManifestInvalid` when the manifest is malformed, of another place or author, or not signed by
 * the device that wrote the entry.
 */
export async function openOperation(
  location: Pick<Location, 'id'>,
  entry: KnownEntry,
  payload: JournalPayload,
): Promise<Operation> {
  const { hash: id, writer, device } = entry
  const date = Math.min(entry.date, LAST_DATE_MS)
  const written = { id, writer, device, date }
  if (payload.kind !== 'put') return { ...written, ...payload }
  const { content: _, ...root } = await verifiedRoot(location, entry, payload.manifest)
  return { ...written, kind: 'put', path: payload.path, root }
}

/** The root of the tree that a manifest describes. Throws like {@link openOperation}. */
export async function verifiedRoot(
  location: Pick<Location, 'id'>,
  { hash, writer, device }: KnownEntry,
  bytes: Uint8Array,
): Promise<Entry> {
  try {
    const manifest = manifestRecord.open(bytes)
    requireAuthor(manifest, location, { writer, device })
    await manifestRecord.verify(manifest, 'device', devicePublicKeyOf(device))
    return manifest.body.root
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new CustomerError('ManifestInvalid', `manifest of entry ${hash}: ${cause.message}`, { cause, subject: hash })
  }
}

function requireAuthor(
  { body }: Opened<Manifest>,
  location: Pick<Location, 'id'>,
  { writer, device }: Pick<KnownEntry, 'writer' | 'device'>,
): void {
  if (body.location === location.id && body.writer === writer && body.device === device) return
  throw new CustomerError('ManifestInvalid', 'it was made for another place, or by somebody else')
}
