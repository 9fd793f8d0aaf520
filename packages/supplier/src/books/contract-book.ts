import type { Fingerprint } from '@bitdust/crypto'
import { bytesUpTo, MAX_SPKI_BYTES, MAX_STATEMENT_BYTES, struct } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { keyOf, lastPart, prefixOf } from './keys.ts'
import { storedValue } from './stored-value.ts'

/** What makes somebody a customer. */
export interface ContractEntry {
  /** Contract record with both signatures. */
  readonly contract: Uint8Array
  /** SPKI of the customer's master key, with which his records are verified. */
  readonly customerKey: Uint8Array
}

/** The contracts in force. */
export interface ContractBook {
  put(customer: Fingerprint, entry: ContractEntry): Promise<void>
  remove(customer: Fingerprint): Promise<void>
  list(): AsyncIterable<readonly [customer: Fingerprint, entry: ContractEntry]>
}

const value = storedValue(
  struct<ContractEntry>({ contract: bytesUpTo(MAX_STATEMENT_BYTES), customerKey: bytesUpTo(MAX_SPKI_BYTES) }),
)

/** The part of the books that holds contracts. */
export function createContractBook(store: KeyValueStore): ContractBook {
  return {
    put: (customer, entry) => store.batch([{ put: keyOf('contract', customer), value: value.encode(entry) }]),
    remove: (customer) => store.batch([{ delete: keyOf('contract', customer) }]),
    async *list() {
      for await (const [key, bytes] of store.list({ prefix: prefixOf('contract') }))
        yield [lastPart(key) as Fingerprint, value.decode(bytes, key)] // The key was made of a fingerprint.
    },
  }
}
