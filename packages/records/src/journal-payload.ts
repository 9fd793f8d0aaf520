import { decryptEntry, encodeCanonical, encryptEntry, LABELS } from '@bitdust/crypto'
import { checkPath, MAX_PATH_BYTES } from '@bitdust/identity'
import { compareText } from './compare.ts'
import { RecordError } from './errors.ts'
import { bytesUpTo, type Field, refine, sortedList, struct, text } from './fields.ts'
import { entryHash } from './id-fields.ts'
import type { EntryHash } from './ids.ts'
import type { JournalEntry } from './journal-entry.ts'
import { MAX_JOURNAL_ENTRY_BYTES, MAX_MANIFEST_BYTES, MAX_RELEASED } from './limits.ts'
import { defineMessage } from './message.ts'

/** What an entry says, in the clear. */
export type JournalPayload = PutPayload | DeletePayload | ReleasePayload

/** A file or folder was stored at `path`. */
export interface PutPayload {
  readonly kind: 'put'
  /** Path inside the location, as `checkPath` of identity allows. */
  readonly path: string
  /** Bytes of the manifest record. */
  readonly manifest: Uint8Array
}

/** What is at `path` and below, as far as the author had merged it, is deleted. */
export interface DeletePayload {
  readonly kind: 'delete'
  readonly path: string
}

/** Versions that nobody needs any more: what only they use may be freed at the suppliers. Only the owner's count. */
export interface ReleasePayload {
  readonly kind: 'release'
  /** Hashes of the entries that put them, 1 to {@link MAX_RELEASED}; written sorted. */
  readonly puts: readonly EntryHash[]
}

/** The part of an entry to which its payload is bound, so that it cannot be moved into another one. */
export type EntryPlace = Pick<
  JournalEntry,
  'owner' | 'location' | 'writer' | 'device' | 'epoch' | 'sequence' | 'generation'
>

const pathField: Field<string> = {
  encode: (path, at) => text(MAX_PATH_BYTES).encode(safePath(path, at), at),
  decode: (value, at) => safePath(text(MAX_PATH_BYTES).decode(value, at), at),
}

const payloads = {
  put: defineMessage(
    struct<Omit<PutPayload, 'kind'>>({ path: pathField, manifest: bytesUpTo(MAX_MANIFEST_BYTES) }),
    'put',
  ),
  delete: defineMessage(struct<Omit<DeletePayload, 'kind'>>({ path: pathField }), 'delete'),
  release: defineMessage(
    struct<Omit<ReleasePayload, 'kind'>>({
      puts: refine(sortedList(entryHash, MAX_RELEASED, compareText), (puts) =>
        puts.length === 0 ? 'it releases nothing' : null,
      ),
    }),
    'release',
  ),
}

/**
 * Encrypts what an entry says.
 *
 * @param secret - The location secret of the entry's generation, 32 bytes.
 * @throws {RecordError} `PathUnsafe`, or `RecordInvalid` for a manifest that is too large and a release of none or too many.
 */
export async function sealPayload(secret: Uint8Array, place: EntryPlace, payload: JournalPayload): Promise<Uint8Array> {
  return encryptEntry(secret, LABELS.entryKey, encodePayload(payload), entryContext(place, payload.kind))
}

/**
 * Decrypts what an entry says.
 *
 * @throws {CryptoError} `BlockAuthFailed` for another secret, or a payload made for another entry.
 * @throws {RecordError} `VersionUnsupported` for kinds of entries that this version does not read; `PathUnsafe` and
 *   `RecordInvalid` for what it must not contain.
 */
export async function openPayload(secret: Uint8Array, entry: JournalEntry): Promise<JournalPayload> {
  const { kind } = entry
  if (kind === 'checkpoint')
    throw new RecordError('VersionUnsupported', `journal entries of kind ${kind} are not read by this version`)
  const plaintext = await decryptEntry(secret, LABELS.entryKey, entry.payload, entryContext(entry, kind))
  switch (kind) {
    case 'put':
      return { kind, ...payloads.put.decode(plaintext, MAX_JOURNAL_ENTRY_BYTES) }
    case 'delete':
      return { kind, ...payloads.delete.decode(plaintext, MAX_JOURNAL_ENTRY_BYTES) }
    case 'release':
      return { kind, ...payloads.release.decode(plaintext, MAX_JOURNAL_ENTRY_BYTES) }
  }
}

function encodePayload(payload: JournalPayload): Uint8Array {
  switch (payload.kind) {
    case 'put':
      return payloads.put.encode(payload)
    case 'delete':
      return payloads.delete.encode(payload)
    case 'release':
      return payloads.release.encode(payload)
  }
}

/** Additional data of a payload's encryption. */
function entryContext(place: EntryPlace, kind: string): Uint8Array {
  const { owner, location, writer, device, epoch, sequence, generation } = place
  return encodeCanonical([owner, location, writer, device, epoch, sequence, generation, kind])
}

function safePath(path: string, at: string): string {
  try {
    return checkPath(path)
  } catch (cause) {
    throw new RecordError('PathUnsafe', `${at}: not a safe path`, { cause, subject: at })
  }
}
