import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { compareText } from './compare.ts'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytesUpTo, choice, list, oneOf, optional, refine, sortedList, struct, uint } from './fields.ts'
import {
  fingerprint,
  generationNumber,
  locationId,
  optionalRecordHash,
  revisionNumber,
  timestamp,
} from './id-fields.ts'
import type { LocationId } from './ids.ts'
import { MAX_GENERATIONS, MAX_MEMBERS, MAX_MEMBERS_BYTES, MAX_SPKI_BYTES } from './limits.ts'
import { type Revisioned, revisionProblem } from './revisions.ts'

/** What a member may do: `drop` is adding without reading. */
export type Right = 'read' | 'write' | 'drop'

/** Who may use a location besides its owner; what suppliers filter by. */
export interface Members extends Revisioned {
  readonly owner: Fingerprint
  readonly location: LocationId
  /** Public keys by generation, with which suppliers check access proofs. Ascending. */
  readonly keys: readonly GenerationKey[]
  readonly lines: readonly MemberLine[]
}

/** The public part of one generation's key. */
export interface GenerationKey {
  readonly generation: number
  /** SPKI bytes. */
  readonly publicKey: Uint8Array
}

/** Rights of one identity, or of any holder of the key of a generation. */
export interface MemberLine {
  readonly who: MemberWho
  /** Written sorted. */
  readonly rights: readonly Right[]
  /** Most bytes of fragments of this member's blocks at each supplier; null: only the owner's quota limits. */
  readonly budgetBytes: number | null
  /** Milliseconds since the Unix epoch; null: no end. */
  readonly expires: number | null
  /** Generation of the location for which the line holds. */
  readonly generation: number
}

/** Whom a line of the member list means. */
export type MemberWho = { readonly identity: Fingerprint } | { readonly holderOf: number }

/** Codec of the rights of a line: a set, in alphabetic order. */
export const rightsField = sortedList(choice('read', 'write', 'drop'), 3, compareText)

const lineField = struct<MemberLine>({
  who: oneOf({ identity: fingerprint, holderOf: generationNumber }),
  rights: rightsField,
  budgetBytes: optional(uint()),
  expires: optional(timestamp),
  generation: generationNumber,
})

const generationKeyField = struct<GenerationKey>({
  generation: generationNumber,
  publicKey: bytesUpTo(MAX_SPKI_BYTES),
})

const membersField = refine(
  struct<Members>({
    owner: fingerprint,
    location: locationId,
    revision: revisionNumber,
    previous: optionalRecordHash,
    keys: sortedList(generationKeyField, MAX_GENERATIONS, (a, b) => a.generation - b.generation),
    lines: list(lineField, MAX_MEMBERS),
  }),
  revisionProblem,
)

/** Signed by the `owner` of the location. */
export const membersRecord: RecordKind<Members, 'owner'> = defineRecord({
  kind: 'members',
  label: LABELS.members,
  maxBytes: MAX_MEMBERS_BYTES,
  signers: { owner: { key: 'rsa', name: ({ owner }) => owner } },
  versions: { 1: membersField },
})
