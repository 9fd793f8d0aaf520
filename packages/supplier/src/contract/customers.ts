import {
  equalBytes,
  type Fingerprint,
  importRsaPublicKey,
  type RsaPrivateKey,
  type RsaPublicKey,
} from '@bitdust/crypto'
import type { Clock, MachineObserver } from '@bitdust/machine'
import { CLOCK_GRACE_MS, type Contract, contractRecord, type Opened } from '@bitdust/records'
import type { Books } from '../books/books.ts'
import { nothingHere, SupplierError } from '../errors.ts'
import { fileSize } from '../fragments/fragment-file.ts'
import type { FragmentStore } from '../fragments/fragment-store.ts'
import { MAX_LISTED_ITEMS, type SupplierLimits } from '../limits.ts'
import type { Locks } from '../locks.ts'
import { diskRoom } from '../quota/disk-room.ts'
import { type Customer, createCustomer } from './customer.ts'
import type { ContractState } from './machine.ts'

/** Everybody who has a contract. */
export interface Customers {
  /** Whoever has a contract, also one that ended. */
  get(customer: Fingerprint): Customer | undefined
  /** @throws {SupplierError} `NotFound` for somebody who is no customer, or whose data is being removed. */
  require(customer: Fingerprint): Customer
  /** As `require`, for writing. @throws {SupplierError} `QuotaExceeded` when the contract has ended. */
  requireActive(customer: Fingerprint): Customer
  list(): Iterable<Customer>
  /**
   * Signs a contract with somebody, new or not.
   *
   * @param wanted - With the signature of `key`, checked.
   * @throws {SupplierError} `QuotaExceeded`, `RecordInvalid`, `RecordRollback`.
   */
  agree(wanted: Opened<Contract>, key: RsaPublicKey): Promise<Opened<Contract>>
  /** Bytes that somebody new could be granted. */
  room(): Promise<number>
  /** Reads the contracts from the books. */
  load(): Promise<void>
  /** Looks at every contract; some may end. */
  tick(): void
  stop(): Promise<void>
}

/** What the customers need of the supplier. */
export interface CustomersOptions {
  readonly self: { readonly fingerprint: Fingerprint; readonly masterKey: RsaPrivateKey }
  readonly offeredBytes: number
  readonly books: Books
  readonly fragments: FragmentStore
  readonly locks: Locks
  readonly clock: Clock
  readonly limits: SupplierLimits
  readonly onTransition?: MachineObserver
}

const SERVED: readonly ContractState[] = ['active', 'renewing', 'ended', 'overdue']
const WRITABLE: readonly ContractState[] = ['active', 'renewing']

/** Keeps one contract machine for each customer. */
export function createCustomers(options: CustomersOptions): Customers {
  const { self, books, fragments, locks, clock, limits } = options
  const customers = new Map<Fingerprint, Customer>()

  function create(key: RsaPublicKey, contract: Opened<Contract> | null): Customer {
    const { fingerprint } = key
    const { onTransition } = options
    return createCustomer({
      key,
      contract,
      clock,
      limits,
      book: (wanted) => book(wanted, key),
      drop: () => locks.run(fingerprint, () => drop(fingerprint)),
      ...(onTransition === undefined ? {} : { onTransition }),
    })
  }

  async function book(wanted: Opened<Contract>, key: RsaPublicKey): Promise<Opened<Contract>> {
    const signed = await contractRecord.addSignature(wanted, 'supplier', self.masterKey)
    await books.contracts.put(key.fingerprint, { contract: signed.bytes, customerKey: key.spki })
    return signed
  }

  /** The contract goes first: what a crash leaves of the rest belongs to nobody and is removed at the next start. */
  async function drop(fingerprint: Fingerprint): Promise<void> {
    const customer = customers.get(fingerprint)
    await books.contracts.remove(fingerprint)
    for (;;) {
      const { items } = await books.fragments.page(fingerprint, null, null, MAX_LISTED_ITEMS)
      if (items.length === 0) break
      for (const { name } of items) await fragments.delete(name)
      await books.fragments.remove(items)
      for (const item of items) customer?.account.remove(fileSize(item), item.line)
    }
    await books.forget(fingerprint)
    customers.delete(fingerprint)
  }

  async function roomFor(fingerprint: Fingerprint | null): Promise<number> {
    let promised = 0
    let unused = 0
    for (const [who, { account }] of customers) {
      const { granted, used } = account.usage()
      if (who === fingerprint) continue
      promised += granted
      unused += Math.max(0, granted - used)
    }
    const own = fingerprint === null ? 0 : (customers.get(fingerprint)?.account.usage().used ?? 0)
    const onDisk = own + (await diskRoom(fragments, limits)) - unused
    return Math.max(0, Math.min(options.offeredBytes - promised, onDisk))
  }

  function require(fingerprint: Fingerprint): Customer {
    const customer = customers.get(fingerprint)
    if (customer === undefined || !SERVED.includes(customer.look())) throw nothingHere()
    return customer
  }

  async function agree(wanted: Opened<Contract>, key: RsaPublicKey): Promise<Opened<Contract>> {
    const { fingerprint } = key
    const known = customers.get(fingerprint)
    const current = known?.contract
    if (current && isSame(current, wanted)) return current
    if (current && wanted.body.created < current.body.created)
      throw new SupplierError('RecordRollback', 'a later contract is in force')
    const customer = known ?? create(key, null)
    const contract = await customer.agree(wanted, await roomFor(fingerprint))
    customers.set(fingerprint, customer)
    return contract
  }

  function checkTerms({ supplier, bytes, from, until }: Contract): void {
    const now = clock.now()
    if (supplier !== self.fingerprint) throw refused('is for another supplier')
    if (bytes === 0) throw refused('grants nothing')
    if (from > now + CLOCK_GRACE_MS) throw refused('begins later')
    if (until <= now) throw refused('is over')
    if (until > now + limits.maxContractMs + CLOCK_GRACE_MS) throw refused('is too long')
  }

  return {
    get: (fingerprint) => customers.get(fingerprint),
    require,

    requireActive(fingerprint) {
      const customer = require(fingerprint)
      if (!WRITABLE.includes(customer.look())) throw new SupplierError('QuotaExceeded', 'the contract has ended')
      return customer
    },

    list: () => customers.values(),

    async agree(wanted, key) {
      checkTerms(wanted.body)
      // One at a time, so that no two customers are promised the same room.
      return locks.run('agreements', () => locks.run(key.fingerprint, () => agree(wanted, key)))
    },

    room: () => roomFor(null),

    async load() {
      for await (const [fingerprint, { contract, customerKey }] of books.contracts.list())
        customers.set(fingerprint, create(await importRsaPublicKey(customerKey), contractRecord.open(contract)))
    },

    tick() {
      for (const customer of customers.values()) customer.look()
    },

    async stop() {
      await Promise.all(customers.values().map((customer) => customer.stop()))
      customers.clear()
    },
  }
}

function refused(problem: string): SupplierError {
  return new SupplierError('RecordInvalid', `the contract ${problem}`)
}

/** The customer's signature is randomised, so the same contract can come with another one. */
function isSame(a: Opened<Contract>, b: Opened<Contract>): boolean {
  return equalBytes(a.signedContent, b.signedContent)
}
