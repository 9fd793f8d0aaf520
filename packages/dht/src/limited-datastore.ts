import { utf8Decode } from '@bitdust/crypto'
import { Record as KadRecord } from '@libp2p/kad-dht'
import { MemoryDatastore } from 'datastore-core/memory'
import { Key } from 'interface-datastore'
import { DhtError } from './errors.ts'
import { MAX_STORED_BYTES, MAX_STORED_VALUES, MAX_STORED_VALUES_PER_PEER, VALUE_LIFETIME_MS } from './limits.ts'

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
}

/**
 * Where kad-dht keeps values: in memory, and of others only so many. Owners publish again, so nothing is lost by a restart.
 *
 * It counts at the moment of storing, so what was refused before costs nothing. A value is charged to the peer that
 * brought it first; newer ones under its key replace it. What is ours always finds room.
 */
export class LimitedDatastore extends MemoryDatastore {
  readonly #options: Required<LimitedDatastoreOptions>
  /** By key of the datastore, those put longest ago first. */
  readonly #held = new Map<string, Held>()
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
    const old = this.#held.get(text)
    const next = { peer: this.#payer(record, old), bytes: record.length, storedAt: this.#options.clock.monotonic() }
    if (next.peer !== null) this.#requireRoom(next.peer, next.bytes, old)
    this.#forget(text)
    this.#remember(text, next)
    super.put(key, record)
    return key
  }

  override delete(key: Key): void {
    this.#forget(key.toString())
    super.delete(key)
  }

  #payer(record: Uint8Array, old: Held | undefined): string | null {
    const name = utf8Decode(KadRecord.deserialize(record).key)
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
    const newest = this.#options.clock.monotonic() - VALUE_LIFETIME_MS
    for (const [text, { storedAt }] of this.#held) {
      if (storedAt > newest) return
      this.delete(new Key(text, false))
    }
  }

  #remember(text: string, held: Held): void {
    this.#held.set(text, held)
    if (held.peer !== null) this.#charge(held.peer, 1, held.bytes)
  }

  #forget(text: string): void {
    const held = this.#held.get(text)
    this.#held.delete(text)
    if (held !== undefined && held.peer !== null) this.#charge(held.peer, -1, -held.bytes)
  }

  #charge(peer: string, values: number, bytes: number): void {
    this.#charged = { values: this.#charged.values + values, bytes: this.#charged.bytes + bytes }
    const ofPeer = (this.#perPeer.get(peer) ?? 0) + values
    if (ofPeer === 0) this.#perPeer.delete(peer)
    else this.#perPeer.set(peer, ofPeer)
  }
}
