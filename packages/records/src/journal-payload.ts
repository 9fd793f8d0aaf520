import { decryptEntry, encodeCanonical, encryptEntry, LABELS } from '@bitdust/crypto'
import { checkPath, MAX_PATH_BYTES } from '@bitdust/identity'
import { RecordError } from './errors.ts'
import { bytesUpTo, type Field, struct, text } from './fields.ts'
import type { JournalEntry } from './journal-entry.ts'
import { MAX_JOURNAL_ENTRY_BYTES, MAX_MANIFEST_BYTES } from './limits.ts'
import { defineMessage } from './message.ts'

/** What an entry says, in the clear. */
export type JournalPayload = PutPayload | DeletePayload

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

/** The part of an entry to which its payload is bound, so that it cannot be moved into another one. */
export type EntryPlace = Pick<JournalEntry, 'owner' | 'location' | 'writer' | 'device' | 'sequence' | 'generation'>

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
}

/**
 * Encrypts what an entry says.
 *
 * @param secret - The location secret of the entry's generation, 32 bytes.
 * @throws {RecordError} `PathUnsafe`, or `RecordInvalid` for a manifest that is too large.
 */
export async function sealPayload(secret: Uint8Array, place: EntryPlace, payload: JournalPayload): Promise<Uint8Array> {
  const plaintext = payload.kind === 'put' ? payloads.put.encode(payload) : payloads.delete.encode(payload)
  return encryptEntry(secret, LABELS.entryKey, plaintext, entryContext(place, payload.kind))
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
  if (kind !== 'put' && kind !== 'delete')
    throw new RecordError('VersionUnsupported', `journal entries of kind ${kind} are not read by this version`)
  const plaintext = await decryptEntry(secret, LABELS.entryKey, entry.payload, entryContext(entry, kind))
  return kind === 'put'
    ? { kind, ...payloads.put.decode(plaintext, MAX_JOURNAL_ENTRY_BYTES) }
    : { kind, ...payloads.delete.decode(plaintext, MAX_JOURNAL_ENTRY_BYTES) }
}

/** Additional data of a payload's encryption. */
function entryContext({ owner, location, writer, device, sequence, generation }: EntryPlace, kind: string): Uint8Array {
  return encodeCanonical([owner, location, writer, device, sequence, generation, kind])
}

function safePath(path: string, at: string): string {
  try {
    return checkPath(path)
  } catch (cause) {
    throw new RecordError('PathUnsafe', `${at}: not a safe path`, { cause, subject: at })
  }
}
