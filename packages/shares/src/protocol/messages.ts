import type { Fingerprint } from '@bitdust/crypto'
import { checkAlias, checkPath } from '@bitdust/identity'
import {
  bytes,
  bytesUpTo,
  choice,
  defineMessage,
  type Field,
  fingerprint,
  flag,
  generationNumber,
  integer,
  list,
  MAX_ALIAS_BYTES,
  MAX_FAMILY_BYTES,
  MAX_GRANT_BYTES,
  type Message,
  refine,
  row,
  struct,
  text,
  timestamp,
  uint,
} from '@bitdust/records'
import { ShareError } from '../errors.ts'
import { MAX_LISTED_FILES, MAX_PAYLOAD_BYTES } from '../limits.ts'
import type { SharedFile } from '../ports.ts'

/** Which half of a key is proved. */
export type KeyPart = 'private' | 'public'

/**
 * `ProveKey`: asks for a proof of a key. The key is named by where it belongs and not by its fingerprint, which is what
 * the proof of the public part is keyed with.
 */
export interface ProveKeyRequest {
  /** Who made the key. */
  readonly owner: Fingerprint
  /** `master`, or the alias of a share key. */
  readonly alias: string
  readonly generation: number
  readonly part: KeyPart
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly expires: number
}

/** `Key`: a grant, and where the owner's suppliers are. */
export interface KeyRequest {
  /** Grant record. */
  readonly grant: Uint8Array
  /** The owner's family record. */
  readonly family: Uint8Array
}

/** `Files`: what is in a share, on the first level. */
export interface FilesRequest {
  /** With the caller it names the share. */
  readonly alias: string
  readonly files: readonly SharedFile[]
  /** Whether these are all. */
  readonly complete: boolean
}

/** Answer to `Files`. */
export interface FilesReply {
  /** Whether the receiver has opened the share at the suppliers already. */
  readonly opened: boolean
}

const alias = checked(text(MAX_ALIAS_BYTES), checkAlias)

/** Message of {@link ProveKeyRequest}. The answer is a key audit record, or for the public part 32 bytes. */
export const proveKeyRequest: Message<ProveKeyRequest> = defineMessage(
  struct<ProveKeyRequest>({
    owner: fingerprint,
    alias,
    generation: generationNumber,
    part: choice('private', 'public'),
    nonce: bytes(32),
    expires: timestamp,
  }),
)

/** Message of {@link KeyRequest}. The answer is empty: the key is stored. */
export const keyRequest: Message<KeyRequest> = defineMessage(
  struct<KeyRequest>({ grant: bytesUpTo(MAX_GRANT_BYTES), family: bytesUpTo(MAX_FAMILY_BYTES) }),
)

/** Message of {@link FilesRequest}. */
export const filesRequest: Message<FilesRequest> = defineMessage(
  struct<FilesRequest>({
    alias,
    files: list(
      row<SharedFile>({
        path: checked(text(MAX_PAYLOAD_BYTES), checkPath),
        kind: choice('file', 'folder', 'symlink'),
        size: uint(),
      }),
      MAX_LISTED_FILES,
    ),
    complete: flag,
  }),
)

/** Message of {@link FilesReply}. */
export const filesReply: Message<FilesReply> = defineMessage(struct<FilesReply>({ opened: flag }))

/** A grant that is being accepted, as it is stored. */
export const storedGrant: Message<KeyRequest & { readonly version: number }> = defineMessage(
  struct<KeyRequest & { readonly version: number }>({
    version: integer(1, 1),
    grant: bytesUpTo(MAX_GRANT_BYTES),
    family: bytesUpTo(MAX_FAMILY_BYTES),
  }),
)

/**
 * Decodes what a peer sent.
 *
 * @throws {ShareError} `PacketMalformed` naming the field.
 */
export function decodePayload<T>(message: Message<T>, payload: Uint8Array): T {
  try {
    return message.decode(payload, MAX_PAYLOAD_BYTES)
  } catch (cause) {
    throw new ShareError('PacketMalformed', cause instanceof Error ? cause.message : 'malformed', { cause })
  }
}

/** Text that a parser of names accepts. */
function checked(field: Field<string>, check: (value: string) => string): Field<string> {
  return refine(field, (value) => {
    try {
      check(value)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : 'malformed'
    }
  })
}
