import type { Fingerprint } from '@bitdust/crypto'
import type { Clock, MachineObserver } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import { createAccess } from '../access/access.ts'
import { createBooks } from '../books/books.ts'
import { createCustomers } from '../contract/customers.ts'
import type { ContractState } from '../contract/machine.ts'
import type { FragmentStore } from '../fragments/fragment-store.ts'
import { DEFAULT_LIMITS, type SupplierLimits, TICK_MS } from '../limits.ts'
import { createLocks } from '../locks.ts'
import type { PacketRouter, PacketSender } from '../ports.ts'
import type { Usage } from '../quota/account.ts'
import { commands } from './commands.ts'
import type { Desk, SupplierSelf } from './desk.ts'
import { createReceipts } from './receipts.ts'
import { recover } from './recover.ts'
import { createSubscriptions } from './subscriptions.ts'

/** What a supplier is made of. */
export interface SupplierOptions {
  readonly self: SupplierSelf
  /** Bytes that all customers together may be granted. */
  readonly offeredBytes: number
  readonly fragments: FragmentStore
  readonly books: KeyValueStore
  readonly clock: Clock
  /** Sends events to subscribers. @default nobody is told anything */
  readonly sender?: PacketSender
  /** @default DEFAULT_LIMITS, each by itself */
  readonly limits?: Partial<SupplierLimits>
  /** Is told every change of a contract's state. */
  readonly onTransition?: MachineObserver
}

/** Somebody who has a contract. */
export interface CustomerSummary {
  readonly customer: Fingerprint
  readonly state: ContractState
  readonly position: number
  /** End of the contract, in ms since the Unix epoch. */
  readonly until: number
  readonly usage: Usage
}

/** A machine that is alive. */
export interface LivingMachine {
  readonly name: string
  /** Which one of its kind: fingerprint of the customer. */
  readonly subject: Fingerprint
  readonly state: string
}

/** The supplier role of a node. */
export interface Supplier {
  /** Registers the commands. They answer `Busy` while the supplier does not run. */
  attach(router: PacketRouter): void
  /** Puts files and books in order, counts what everybody uses, opens. Idempotent. @throws What the stores throw. */
  start(): Promise<void>
  /** Closes. What is under way ends by itself. Idempotent. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  customers(): readonly CustomerSummary[]
  /** Null for somebody who is no customer. */
  usage(customer: Fingerprint): Usage | null
  /** Ends a contract from this side and removes everything of the customer. */
  drop(customer: Fingerprint): Promise<void>
  /** State machines that are alive, with their states. */
  machines(): readonly LivingMachine[]
}

/** Makes a supplier; nothing happens before `start()`. */
export function createSupplier(options: SupplierOptions): Supplier {
  const { self, fragments, clock } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const books = createBooks(options.books)
  const locks = createLocks()
  const customers = createCustomers({ ...options, books, locks, limits })
  const access = createAccess({ self, customers, records: books.records, clock })
  const subscriptions = createSubscriptions({ access, sender: options.sender })
  const receipts = createReceipts(self, clock)
  const desk: Desk = {
    self,
    clock,
    limits,
    fragments,
    books,
    customers,
    access,
    receipts,
    subscriptions,
    locks,
    isOpen: () => ready,
  }
  let life: AbortController | undefined
  let ready = false
  let changing: Promise<void> = Promise.resolve()

  /** Starting and stopping wait for each other. */
  function inTurn(change: () => Promise<void>): Promise<void> {
    changing = changing.catch(() => {}).then(change)
    return changing
  }

  async function open(): Promise<void> {
    if (life !== undefined) return
    life = new AbortController()
    const { signal } = life
    try {
      await customers.load()
      await recover({ books, fragments, customers, signal })
    } catch (error) {
      await close() // So that it can be tried again.
      throw error
    }
    ready = true
    void watchContracts(signal)
  }

  async function close(): Promise<void> {
    life?.abort()
    life = undefined
    ready = false
    subscriptions.stop()
    await customers.stop()
  }

  async function watchContracts(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      customers.tick()
      // The only way out of the sleep before its time is the signal.
      await clock.sleep(TICK_MS, signal).catch(() => {})
    }
  }

  function stop(): Promise<void> {
    life?.abort()
    return inTurn(close)
  }

  return {
    attach(router) {
      for (const command of commands) command.attach(router, desk)
    },

    start: () => inTurn(open),
    stop,
    [Symbol.asyncDispose]: stop,

    customers: () =>
      [...customers.list()].map((customer) => {
        const { position, until } = customer.contract!.body
        return {
          customer: customer.fingerprint,
          state: customer.look(),
          position,
          until,
          usage: customer.account.usage(),
        }
      }),

    usage: (customer) => customers.get(customer)?.account.usage() ?? null,
    drop: async (customer) => customers.require(customer).cancel(),

    machines: () =>
      [...customers.list()].map((customer) => ({
        name: 'contract',
        subject: customer.fingerprint,
        state: customer.look(),
      })),
  }
}
