import { utf8Decode } from '@bitdust/crypto'
import { Record as KadRecord } from '@libp2p/kad-dht'
import { MemoryDatastore } from 'datastore-core/memory'
import { Key } from 'interface-datastore'
import { requireNotOlder } from './enrolment.ts'
import { DhtError } from './errors.ts'
import { HolderSets, type SeenHolders } from './holder-sets.ts'
import { NAMESPACES } from './key.ts'
import {
  ANSWER_LIFETIME_MS,
  MAX_STORED_BYTES,
  MAX_STORED_VALUES,
  MAX_STORED_VALUES_PER_PEER,
  REQUEST_LIFETIME_MS,
  VALUE_LIFETIME_MS,
} from './limits.ts'

export interface LimitedDatastoreOptions {
  /** Tells how old values are. */
  readonly clock: { monotonic(): number }
  /** Where kad-dht keeps values in it; other keys are refused. */
  readonly prefix: string
  /** @default 100_000 */
  readonly maxValues?: number
  /** @default 1_000 */
  readonly maxValuesPerPeer?: number
  /** Of all values together, as they are stored. @default 160 MiB */
  readonly maxBytes?: number
}

/** What is known of a stored value. */
interface Held {
  /** Who is charged for it; null for our own. */
  readonly peer: string | null
  readonly bytes: number
  /** Monotonic time of the last put, in ms. */
  readonly storedAt: number
  /** How long it is kept from then on, in ms. */
  readonly lifetimeMs: number
}

/** Of letters, which live shorter than the rest. */
const LIFETIMES_MS: ReadonlyMap<string, number> = new Map([
  [NAMESPACES['enrolment-request'], REQUEST_LIFETIME_MS],
  [NAMESPACES['enrolment-answer'], ANSWER_LIFETIME_MS],
])

/**
 * Where kad-dht keeps values: in memory, and of others only so many. Owners publish again, so nothing is lost by a restart.
 *
 * It counts at the moment of storing, so what was refused before costs nothing. A value is charged to the peer that
 * brought it first; newer ones under its key replace it, holders of a nickname join it. What is ours always finds room.
 */
export class LimitedDatastore extends MemoryDatastore {
  readonly #options: Required<LimitedDatastoreOptions>
  /** By lifetime, then by key of the datastore, those put longest ago first. */
  readonly #held = new Map<number, Map<string, Held>>()
  readonly #holders: HolderSets
  /** Number of values by peer. */
  readonly #perPeer = new Map<string, number>()
  /** Keys of the DHT under which our own values stand. */
  readonly #own = new Set<string>()
  /** Who is bringing a value right now, by key of the DHT. */
  readonly #bringers = new Map<string, string>()
  /** When the one that is being brought is done, by key of the DHT. */
  readonly #turns = new Map<string, Promise<void>>()
  #charged = { values: 0, bytes: 0 }

  constructor({
    maxValues = MAX_STORED_VALUES,
    maxValuesPerPeer = MAX_STORED_VALUES_PER_PEER,
    maxBytes = MAX_STORED_BYTES,
    ...options
  }: LimitedDatastoreOptions) {
    super()
    this.#options = { ...options, maxValues, maxValuesPerPeer, maxBytes }
    this.#holders = new HolderSets(options.clock)
  }

  /** Charges nobody for what stands under this key of the DHT. */
  keepOwn(name: string): void {
    this.#own.add(name)
  }

  /** Runs the work that puts a value for a peer: one after another for each key of the DHT. */
  async bring<T>({ name, peer }: { name: string; peer: string }, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name)
    const { promise: turn, resolve: done } = Promise.withResolvers<void>()
    this.#turns.set(name, turn)
    await before
    this.#bringers.set(name, peer)
    try {
      return await work()
    } finally {
      this.#bringers.delete(name)
      if (this.#turns.get(name) === turn) this.#turns.delete(name)
      done()
    }
  }

  /** @throws {DhtError} `LimitExceeded` when there is no room for a value of this peer; `RecordInvalid` for anything but values. */
  override put(key: Key, record: Uint8Array): Key {
    const text = key.toString()
    if (!text.startsWith(`${this.#options.prefix}/`)) throw new DhtError('RecordInvalid', 'only values are stored here')
    this.#dropExpired()
    const name = utf8Decode(KadRecord.deserialize(record).key)
    const lifetimeMs = lifetimeOf(name)
    const old = this.#heldFor(lifetimeMs).get(text)
    // A store in memory answers at once, which its type leaves open.
    const held = old === undefined ? null : (super.get(key) as Uint8Array)
    const merging = isNickname(name) ? this.#mergeHolders(text, { name, held, record }) : null
    if (isLetter(name) && held !== null) requireNotOlder(valueIn(held), valueIn(record))
    const stored = merging?.record ?? record
    const next = {
      peer: this.#payer(name, old),
      bytes: stored.length,
      storedAt: this.#options.clock.monotonic(),
      lifetimeMs,
    }
    if (next.peer !== null) this.#requireRoom(next.peer, next.bytes, old)
    this.#uncharge(text, old)
    this.#remember(text, next)
    if (merging !== null) this.#holders.remember(text, merging.seen)
    super.put(key, stored)
    return key
  }

  override delete(key: Key): void {
    const text = key.toString()
    for (const held of this.#held.values()) this.#uncharge(text, held.get(text))
    this.#holders.forget(text)
    super.delete(key)
  }

  /** Nothing is remembered yet: there may be no room. */
  #mergeHolders(
    text: string,
    { name, held, record }: { readonly name: string; readonly held: Uint8Array | null; readonly record: Uint8Array },
  ): { readonly record: Uint8Array; readonly seen: SeenHolders } {
    const { key, value, timeReceived } = KadRecord.deserialize(record)
    const { value: merged, seen } = this.#holders.merge({
      key: text,
      held: held === null ? null : valueIn(held),
      brought: value,
      bringer: this.#bringers.get(name) ?? null,
    })
    return { record: new KadRecord(key, merged, timeReceived).serialize(), seen }
  }

  #payer(name: string, old: Held | undefined): string | null {
    if (this.#own.has(name)) return null
    return old === undefined ? (this.#bringers.get(name) ?? null) : old.peer
  }

  #requireRoom(peer: string, bytes: number, old: Held | undefined): void {
    const { maxValues, maxValuesPerPeer, maxBytes } = this.#options
    if (old === undefined && this.#charged.values >= maxValues)
      throw new DhtError('LimitExceeded', `this node keeps ${maxValues} values already`, { retryable: true })
    if (old === undefined && (this.#perPeer.get(peer) ?? 0) >= maxValuesPerPeer)
      throw new DhtError('LimitExceeded', `this node keeps ${maxValuesPerPeer} values of ${peer} already`)
    if (this.#charged.bytes - (old?.bytes ?? 0) + bytes > maxBytes)
      throw new DhtError('LimitExceeded', `this node keeps ${maxBytes} bytes already`, { retryable: true })
  }

  #dropExpired(): void {
    const now = this.#options.clock.monotonic()
    for (const [lifetimeMs, values] of this.#held)
      for (const [text, { storedAt }] of values) {
        if (storedAt > now - lifetimeMs) break
        this.delete(new Key(text, false))
      }
  }

  #heldFor(lifetimeMs: number): Map<string, Held> {
    const values = this.#held.get(lifetimeMs) ?? new Map<string, Held>()
    this.#held.set(lifetimeMs, values)
    return values
  }

  #remember(text: string, held: Held): void {
    this.#heldFor(held.lifetimeMs).set(text, held)
    if (held.peer !== null) this.#charge(held.peer, 1, held.bytes)
  }

  #uncharge(text: string, held: Held | undefined): void {
    if (held === undefined) return
    this.#heldFor(held.lifetimeMs).delete(text)
    if (held.peer !== null) this.#charge(held.peer, -1, -held.bytes)
  }

  #charge(peer: string, values: number, bytes: number): void {
    this.#charged = { values: this.#charged.values + values, bytes: this.#charged.bytes + bytes }
    const ofPeer = (this.#perPeer.get(peer) ?? 0) + values
    if (ofPeer === 0) this.#perPeer.delete(peer)
    else this.#perPeer.set(peer, ofPeer)
  }
}

function lifetimeOf(name: string): number {
  return LIFETIMES_MS.get(namespaceOf(name)) ?? VALUE_LIFETIME_MS
}

function isLetter(name: string): boolean {
  return LIFETIMES_MS.has(namespaceOf(name))
}

function isNickname(name: string): boolean {
  return namespaceOf(name) === NAMESPACES.nickname
}

/** Names are keys of the DHT: `/namespace/id`. */
function namespaceOf(name: string): string {
  return name.split('/')[1] ?? ''
}

function valueIn(record: Uint8Array): Uint8Array {
  return KadRecord.deserialize(record).value
}
