import { utf8Decode } from '@bitdust/crypto'
import { DhtError } from './errors.ts'
import { type DhtName, decodeDhtKey } from './key.ts'
import { MAX_REMEMBERED_SEQUENCES, MAX_SEQUENCE_JUMP } from './limits.ts'
import { RecentSequences, type SequenceStore } from './sequences.ts'
import { type VerifiedValue, verifyDhtValue } from './value.ts'

/** The one rule for values: when a peer wants one stored, when one is read, and before our own is put. */
export interface Guard {
  /**
   * Verifies a value, and remembers its sequence for some time: an older value of the key is refused from now on.
   *
   * @throws {DhtError} `LimitExceeded` above 16 KiB, `RecordRollback` when a newer one was seen, `RecordInvalid` for the rest.
   */
  check(key: Uint8Array, value: Uint8Array): Promise<VerifiedValue>
  /** The same for a value that this node publishes or asked for: its sequence is remembered for good. */
  admit(key: Uint8Array, value: Uint8Array): Promise<VerifiedValue>
}

/** Creates the guard of one node. */
export function createGuard({
  sequences,
  allowPrivate,
  remembered = MAX_REMEMBERED_SEQUENCES,
}: {
  readonly sequences: SequenceStore
  readonly allowPrivate: boolean
  /** Sequences kept in memory. */
  readonly remembered?: number
}): Guard {
  const recent = new RecentSequences(remembered)

  async function check(key: Uint8Array, value: Uint8Array): Promise<VerifiedValue> {
    const name = decodeDhtKey(key)
    const text = utf8Decode(key)
    const verified = await verifyDhtValue(name, value, { allowPrivate })
    const kept = await sequences.get(text)
    // Nothing is awaited from here on: of two values that arrive at once, the older one cannot win.
    requireNewest(name, verified.sequence, Math.max(kept ?? -1, recent.get(text) ?? -1))
    recent.set(text, verified.sequence)
    return verified
  }

  return {
    check,
    async admit(key, value) {
      const verified = await check(key, value)
      await sequences.put(utf8Decode(key), verified.sequence)
      return verified
    },
  }
}

/** @param highest - Highest sequence seen, -1 if none: the first one may be any, since only the owner can sign it. */
function requireNewest({ kind, fingerprint }: DhtName, sequence: number, highest: number): void {
  if (sequence < highest)
    throw new DhtError('RecordRollback', `${kind} of ${fingerprint}: revision ${sequence} is older than ${highest}`)
  if (highest >= 0 && sequence - highest > MAX_SEQUENCE_JUMP)
    throw new DhtError('RecordInvalid', `${kind} of ${fingerprint}: revision ${sequence} is too far above ${highest}`)
}
