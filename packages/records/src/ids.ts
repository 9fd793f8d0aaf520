import {
  type DeviceId,
  type Fingerprint,
  fromHex,
  LABELS,
  sha256,
  signedBytes,
  toHex,
  u32be,
  utf8Encode,
} from '@bitdust/crypto'
import { invalid } from './errors.ts'

/** A SHA-256 value as 64 lower-case hex digits; 32 bytes on the wire. */
export type Hash32 = string & { readonly __hash32: true }
/** Where files live: hash of the owner's fingerprint and the alias of the location's key. */
export type LocationId = Hash32 & { readonly __brand: 'LocationId' }
/** Hash of a block record. */
export type BlockId = Hash32 & { readonly __brand: 'BlockId' }
/** Hash of location, writer and device. */
export type JournalId = Hash32 & { readonly __brand: 'JournalId' }
/** SHA-256 of all bytes of a record, signatures included. */
export type RecordHash = Hash32 & { readonly __brand: 'RecordHash' }
/** The record hash of a journal entry. */
export type EntryHash = RecordHash

const HEX_32 = /^[0-9a-f]{64}$/

/**
 * Gives 64 lower-case hex digits their type: `parseHash<BlockId>(text)`.
 *
 * @throws {RecordError} `RecordInvalid` for any other text.
 */
export function parseHash<T extends Hash32 = Hash32>(text: string): T {
  return HEX_32.test(text) ? brand<T>(text) : invalid('hash', 'expected 64 lower-case hex digits')
}

/** SHA-256 of `parts` joined, as an id. */
export function hashOf<T extends Hash32 = Hash32>(...parts: Uint8Array[]): T {
  return brand<T>(toHex(sha256(...parts)))
}

/** The id of the location of `owner` whose key has this alias; `master` is his private one. */
export function locationIdOf(owner: Fingerprint, alias: string): LocationId {
  return hashOf(signedBytes(LABELS.location, fromHex(owner), utf8Encode(alias)))
}

/** The id of a journal that one device of one writer keeps in a location. */
export function journalIdOf({ location, writer, device, epoch = 0 }: JournalOwner): JournalId {
  const parts = [fromHex(location), fromHex(writer), fromHex(device), ...(epoch === 0 ? [] : [u32be(epoch)])]
  return hashOf(signedBytes(LABELS.journalEntry, ...parts))
}

/** What a journal belongs to. */
export interface JournalOwner {
  readonly location: LocationId
  readonly writer: Fingerprint
  readonly device: DeviceId
  /** Which of the device's journals; see `JournalEntry`. @default 0 */
  readonly epoch?: number
}

/**
 * The name under which the supplier at `position` keeps its two fragments of a block: 64 hex digits, so that nothing
 * chosen by a remote party reaches a file system.
 */
export function fragmentName({ customer, block, n, position }: FragmentPlace): string {
  return hashOf(signedBytes(LABELS.fragmentName, fromHex(customer), fromHex(block), u32be(n), u32be(position)))
}

/** Which two fragments: those of `position` (from 0) when `block` is coded for `n` suppliers. */
export interface FragmentPlace {
  readonly customer: Fingerprint
  readonly block: BlockId
  readonly n: number
  readonly position: number
}

/** The one place where text becomes an id; callers have checked or computed its form. */
function brand<T extends Hash32>(text: string): T {
  return text as T
}
