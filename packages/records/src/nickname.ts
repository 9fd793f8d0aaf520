import { type Fingerprint, LABELS, signedBytes, utf8Encode } from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import { defineRecord, type Opened, type RecordKind } from './define-record.ts'
import { invalid } from './errors.ts'
import { requireCurrent } from './expiry.ts'
import { bytesUpTo, refine, struct, text } from './fields.ts'
import { requireBegun } from './freshness.ts'
import { checked, fingerprint, idurl, timestamp } from './id-fields.ts'
import { type Hash32, hashOf } from './ids.ts'
import {
  MAX_NICKNAME_BYTES,
  MAX_NICKNAME_CHARACTERS,
  MAX_NICKNAME_RECORD_BYTES,
  MAX_SPKI_BYTES,
  NICKNAME_LIFETIME_MS,
} from './limits.ts'
import { requireOwnKey } from './own-key.ts'

/** Somebody says how he likes to be called. Several may say the same: a nickname never names anybody in a protocol. */
export interface Nickname {
  /** As `parseNickname` returns it; letters keep their case. */
  readonly nickname: string
  readonly owner: Fingerprint
  /** SPKI of the owner's master key, which signs. */
  readonly ownerKey: Uint8Array
  /** Where the owner is found. */
  readonly idurl: Idurl
  /** Milliseconds since the Unix epoch; of two records of one owner the later one counts. */
  readonly created: number
  /** At most 30 days later. */
  readonly expires: number
}

/** Control and format characters, those that turn the direction of text, private ones, line breaks, and what nobody sees. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/**
 * Reads a nickname as people type it: Unicode form NFKC, without white space around it, words one space apart.
 *
 * @returns 1 to 64 characters that are safe to print.
 * @throws {RecordError} `RecordInvalid`, which does not repeat the text.
 */
export function parseNickname(input: string): string {
  // Normalisation makes one character into 18 at most, so this bounds the work.
  if (input.length > 4 * MAX_NICKNAME_CHARACTERS) return tooLong()
  if (!input.isWellFormed()) return invalid('nickname', 'not well-formed Unicode')
  const nickname = input
    .normalize('NFKC')
    .trim()
    .replaceAll(/\p{Zs}+/gu, ' ')
  if (nickname === '') return invalid('nickname', 'empty')
  if (UNSAFE.test(nickname)) return invalid('nickname', 'it has control characters or others that nobody sees')
  // It would change what is printed before it.
  if (/^\p{M}/u.test(nickname)) return invalid('nickname', 'it begins with a mark that belongs to a letter')
  return [...nickname].length > MAX_NICKNAME_CHARACTERS ? tooLong() : nickname
}

/** What nicknames that differ only in case or spelling of the same letters have in common. Not for people to read. */
export function foldNickname(nickname: string): string {
  // Through upper case: ß becomes SS, and all forms of sigma one. Folding may open up for more, so until nothing changes.
  let folded = parseNickname(nickname)
  for (;;) {
    const next = folded.toUpperCase().toLowerCase().normalize('NFKC')
    if (next === folded) return folded
    folded = next
  }
}

/** The key of a nickname in the DHT. @throws {RecordError} `RecordInvalid` for what is no nickname. */
export function nicknameId(nickname: string): Hash32 {
  return hashOf(signedBytes(LABELS.dhtRecord, utf8Encode('nickname'), utf8Encode(foldNickname(nickname))))
}

/** Signed by the `owner` with his master key. */
export const nicknameRecord: RecordKind<Nickname, 'owner'> = defineRecord({
  kind: 'nickname',
  label: LABELS.dhtRecord,
  maxBytes: MAX_NICKNAME_RECORD_BYTES,
  signers: { owner: { key: 'rsa', name: ({ owner }) => owner } },
  versions: {
    1: refine(
      struct<Nickname>({
        nickname: checked(text(MAX_NICKNAME_BYTES), parseNickname),
        owner: fingerprint,
        ownerKey: bytesUpTo(MAX_SPKI_BYTES),
        idurl,
        created: timestamp,
        expires: timestamp,
      }),
      ({ created, expires }) =>
        expires > created && expires - created <= NICKNAME_LIFETIME_MS ? null : 'it lasts up to 30 days',
    ),
  },
})

/**
 * Opens a nickname record and checks that the key inside signed it, and that it counts now.
 *
 * @param now - Milliseconds since the Unix epoch.
 * @throws {RecordError} `RecordExpired` an hour after its end, the grace for clocks that differ; `SignatureInvalid`,
 *   `RecordInvalid`, `LimitExceeded`, `VersionUnsupported`.
 */
export async function verifyNickname(bytes: Uint8Array, now: number): Promise<Opened<Nickname>> {
  const opened = nicknameRecord.open(bytes)
  await nicknameRecord.verify(opened, 'owner', await requireOwnKey(opened.body, nicknameRecord.kind))
  requireBegun(opened.body, now)
  requireCurrent(opened.body, now)
  return opened
}

function tooLong(): never {
  return invalid('nickname', `it has more than ${MAX_NICKNAME_CHARACTERS} characters`)
}
