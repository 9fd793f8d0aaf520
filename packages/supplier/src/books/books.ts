import type { Fingerprint } from '@bitdust/crypto'
import type { LocationId } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { type ContractBook, createContractBook } from './contract-book.ts'
import { createFragmentBook, type FragmentBook } from './fragment-book.ts'
import { createJournalBook, type JournalBook } from './journal-book.ts'
import { prefixOf } from './keys.ts'
import { createRecordBook, type RecordBook } from './record-book.ts'

/** Everything that a supplier knows beside the fragments themselves. */
export interface Books {
  readonly contracts: ContractBook
  readonly fragments: FragmentBook
  readonly records: RecordBook
  readonly journals: JournalBook
  /** Locations of a customer that have a header or a journal. */
  locations(customer: Fingerprint): Promise<ReadonlySet<LocationId>>
  /** Whoever has records or journals here. */
  customers(): Promise<ReadonlySet<Fingerprint>>
  /** Removes records and journals of somebody who is no customer any more. */
  forget(customer: Fingerprint): Promise<void>
}

const DELETES_AT_ONCE = 512
const PARTS_BY_CUSTOMER = ['record', 'head', 'entry']
/** Comes after every character of a key. */
const BEHIND = '~'

/** The books over one embedded store. */
export function createBooks(store: KeyValueStore): Books {
  async function removeAll(prefix: string): Promise<void> {
    for (;;) {
      const found = await Array.fromAsync(store.list({ prefix, limit: DELETES_AT_ONCE }))
      if (found.length === 0) return
      await store.batch(found.map(([key]) => ({ delete: key })))
    }
  }

  /** Jumps from one customer to the next instead of reading everything between. */
  async function* customersIn(part: string): AsyncGenerator<Fingerprint, void, undefined> {
    const prefix = prefixOf(part)
    for (let after = prefix; ; ) {
      const [first] = await Array.fromAsync(store.list({ prefix, after, limit: 1 }))
      if (first === undefined) return
      const customer = first[0].slice(prefix.length, first[0].indexOf('/', prefix.length))
      yield customer as Fingerprint // The key was made of a fingerprint.
      after = prefixOf(part, customer) + BEHIND
    }
  }

  const records = createRecordBook(store)
  const journals = createJournalBook(store)

  return {
    contracts: createContractBook(store),
    fragments: createFragmentBook(store),
    records,
    journals,
    async locations(customer) {
      return new Set([...(await records.locations(customer)), ...(await journals.locations(customer))])
    },
    async customers() {
      const found = new Set<Fingerprint>()
      for (const part of PARTS_BY_CUSTOMER) for await (const customer of customersIn(part)) found.add(customer)
      return found
    },
    async forget(customer) {
      for (const part of PARTS_BY_CUSTOMER) await removeAll(prefixOf(part, customer))
    },
  }
}
