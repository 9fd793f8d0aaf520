import { utf8Decode } from '@bitdust/crypto'
import { DhtError } from './errors.ts'
import { type DhtKind, type DhtName, decodeDhtKey } from './key.ts'
import { MAX_REMEMBERED_SEQUENCES, MAX_SEQUENCE_JUMP } from './limits.ts'
import { RecentSequences, type SequenceStore } from './sequences.ts'
import { type VerifiedRecord, verifyDhtValue } from './value.ts'

/** The one rule for values: when a peer wants one stored, when one is read, and before our own is put. */
export interface Guard {
  /**
   * Verifies a value by itself, whatever was seen before.
   *
   * @returns One record; of a nickname all that are valid, at least one.
   * @throws {DhtError} `LimitExceeded` above 16 KiB, `RecordExpired`, `RecordInvalid` for the rest.
   */
  verify(key: Uint8Array, value: Uint8Array): Promise<readonly VerifiedRecord[]>
  /**
   * The same, and remembers the revision of an identity or family for some time: an older one is refused from now on.
   *
   * @throws {DhtError} `RecordRollback` when a newer one was seen, and like `verify`.
   */
  check(key: Uint8Array, value: Uint8Array): Promise<readonly VerifiedRecord[]>
  /** The same for a value that this node publishes or asked for: revisions are remembered for good. */
  admit(key: Uint8Array, value: Uint8Array): Promise<readonly VerifiedRecord[]>
}

/** Kinds whose values follow each other by revision. The others are compared where they are stored: each with what is kept. */
const HAS_REVISIONS = {
  identity: true,
  family: true,
  nickname: false,
  'enrolment-request': false,
  'enrolment-answer': false,
} as const satisfies Record<DhtKind, boolean>

/** Creates the guard of one node. */
export function createGuard({
  sequences,
  allowPrivate,
  clock,
  remembered = MAX_REMEMBERED_SEQUENCES,
}: {
  readonly sequences: SequenceStore
  readonly allowPrivate: boolean
  readonly clock: { now(): number }
  /** Sequences kept in memory. */
  readonly remembered?: number
}): Guard {
  const recent = new RecentSequences(remembered)

  const verify = (key: Uint8Array, value: Uint8Array) =>
    verifyDhtValue(decodeDhtKey(key), value, { allowPrivate, now: clock.now() })

  async function check(key: Uint8Array, value: Uint8Array): Promise<readonly VerifiedRecord[]> {
    const name = decodeDhtKey(key)
    const text = utf8Decode(key)
    const verified = await verify(key, value)
    if (!HAS_REVISIONS[name.kind]) return verified
    const kept = await sequences.get(text)
    // Nothing is awaited from here on: of two values that arrive at once, the older one cannot win.
    const sequence = newest(verified)
    requireNewest(name, sequence, Math.max(kept ?? -1, recent.get(text) ?? -1))
    recent.set(text, sequence)
    return verified
  }

  return {
    verify,
    check,
    async admit(key, value) {
      const verified = await check(key, value)
      if (HAS_REVISIONS[decodeDhtKey(key).kind]) await sequences.put(utf8Decode(key), newest(verified))
      return verified
    },
  }
}

/** The highest sequence of a value. */
export function newest(records: readonly VerifiedRecord[]): number {
  return Math.max(...records.map(({ sequence }) => sequence))
}

/** @param highest - Highest sequence seen, -1 if none: the first one may be any, since only the owner can sign it. */
function requireNewest({ kind, id }: DhtName, sequence: number, highest: number): void {
  if (sequence < highest)
    throw new DhtError('RecordRollback', `${kind} of ${id}: revision ${sequence} is older than ${highest}`)
  if (highest >= 0 && sequence - highest > MAX_SEQUENCE_JUMP)
    throw new DhtError('RecordInvalid', `${kind} of ${id}: revision ${sequence} is too far above ${highest}`)
}
