import { nicknameRecord } from '@bitdust/records'
import { DhtError } from './errors.ts'
import { MAX_HOLDERS, MAX_HOLDERS_PER_PEER, MAX_VALUE_BYTES, VALUE_LIFETIME_MS } from './limits.ts'
import { decodeHolders, encodeHolders } from './value.ts'

/** Holders of one nickname by owner. */
export type SeenHolders = ReadonlyMap<string, Seen>

/** What is known of a holder of a nickname beside his record. */
export interface Seen {
  /** Who brought him first; null for ourselves. */
  readonly bringer: string | null
  /** Monotonic time of when he was brought last, in ms. */
  readonly at: number
}

/** One holder as he stands in a value. */
interface Holder {
  readonly owner: string
  readonly created: number
  readonly record: Uint8Array
}

/** Somebody is put under a nickname. */
export interface NewHolder {
  /** Key of the DHT. */
  readonly key: string
  /** The value that is stored now. */
  readonly held: Uint8Array | null
  /** A value with his record alone. It passed the guard. */
  readonly brought: Uint8Array
  /** Null for our own. */
  readonly bringer: string | null
}

/**
 * Puts together who stands under a nickname: several may. Holders stay in the order of their coming, as long as somebody
 * brings them again within 48 h. When there is no room, newcomers are refused: nobody can push out who was there first.
 */
export class HolderSets {
  readonly #clock: { monotonic(): number }
  /** By key of the DHT, then by owner. */
  readonly #seen = new Map<string, SeenHolders>()

  constructor(clock: { monotonic(): number }) {
    this.#clock = clock
  }

  /**
   * Adds a holder, or brings his record up to date.
   *
   * @returns The value to store, and what to remember when it is stored.
   * @throws {DhtError} `RecordRollback` for an older record of a holder; `LimitExceeded` when there is no room, or the
   *   peer brought others before; `RecordInvalid` for more than one at a time.
   */
  merge({ key, held, brought, bringer }: NewHolder): { readonly value: Uint8Array; readonly seen: SeenHolders } {
    const [holder, ...more] = readHolders(brought)
    if (holder === undefined || more.length > 0)
      throw new DhtError('RecordInvalid', 'holders of a nickname are put one at a time')
    const seen: SeenHolders = this.#seen.get(key) ?? new Map()
    const now = this.#clock.monotonic()
    const current = (held === null ? [] : readHolders(held)).filter(
      ({ owner }) => (seen.get(owner)?.at ?? now) > now - VALUE_LIFETIME_MS,
    )
    const merged = mergeHolder(current, holder, { seen, bringer })
    const known = merged.map(({ owner }): [string, Seen] => {
      const before = seen.get(owner)
      if (owner !== holder.owner && before !== undefined) return [owner, before]
      return [owner, { bringer: before?.bringer ?? bringer, at: now }]
    })
    return { value: encodeHolders(merged.map(({ record }) => record)), seen: new Map(known) }
  }

  /** The merged value of this key is stored. */
  remember(key: string, seen: SeenHolders): void {
    this.#seen.set(key, seen)
  }

  /** The value of this key is not kept any more. */
  forget(key: string): void {
    this.#seen.delete(key)
  }
}

function mergeHolder(
  current: readonly Holder[],
  holder: Holder,
  { seen, bringer }: { readonly seen: SeenHolders; readonly bringer: string | null },
): readonly Holder[] {
  const index = current.findIndex(({ owner }) => owner === holder.owner)
  const before = current[index]
  if (before !== undefined && holder.created < before.created)
    throw new DhtError('RecordRollback', `nickname of ${holder.owner}: a newer record is kept`)
  if (before !== undefined) return fitting(current.with(index, holder), bringer)
  const brought = current.filter(({ owner }) => seen.get(owner)?.bringer === bringer)
  if (bringer !== null && brought.length >= MAX_HOLDERS_PER_PEER)
    throw new DhtError('LimitExceeded', `${bringer} brought ${MAX_HOLDERS_PER_PEER} holders of this nickname already`)
  return fitting([...current, holder], bringer)
}

/** Ourselves we always find under our own nickname; in place of who came last, if need be. */
function fitting(holders: readonly Holder[], bringer: string | null): readonly Holder[] {
  const isFitting =
    holders.length <= MAX_HOLDERS && encodeHolders(holders.map(({ record }) => record)).length <= MAX_VALUE_BYTES
  if (isFitting) return holders
  if (bringer === null && holders.length > 1) return fitting(holders.toSpliced(-2, 1), bringer)
  throw new DhtError('LimitExceeded', 'as many hold this nickname as are kept', { retryable: true })
}

function readHolders(value: Uint8Array): Holder[] {
  return decodeHolders(value).map((record) => {
    const { owner, created } = nicknameRecord.open(record).body
    return { owner, created, record }
  })
}
