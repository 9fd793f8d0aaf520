import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { Contract, Opened } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { OVERDUE_MS, type SupplierLimits } from '../limits.ts'
import { type Account, createAccount } from '../quota/account.ts'
import { type ContractEffect, type ContractState, contractTable, NO_CONTRACT } from './machine.ts'

/** Somebody who stores here, or is about to. */
export interface Customer {
  readonly fingerprint: Fingerprint
  /** His master key, with which his records are verified. */
  readonly key: RsaPublicKey
  readonly account: Account
  /** The contract in force, signed by both; null before the first one is. */
  readonly contract: Opened<Contract> | null
  /** Where the contract stands at this moment. */
  look(): ContractState
  /**
   * Signs and books a contract, if it fits. A refusal leaves the one in force as it was.
   *
   * @param wanted - With the customer's signature, checked.
   * @param room - Bytes that could be granted to this customer.
   * @throws {SupplierError} `QuotaExceeded`; or what signing or booking throws.
   */
  agree(wanted: Opened<Contract>, room: number): Promise<Opened<Contract>>
  /** Ends the contract and removes everything. @throws What removing throws; it is tried again later. */
  cancel(): Promise<void>
  /** Stops the machine; nothing is removed. */
  stop(): Promise<void>
}

/** What a customer's machine is made of. */
export interface CustomerOptions {
  readonly key: RsaPublicKey
  /** What was in force when the supplier stopped; null for somebody new. */
  readonly contract: Opened<Contract> | null
  readonly clock: Clock
  readonly limits: SupplierLimits
  /** Adds the supplier's signature and makes the contract durable. */
  book(wanted: Opened<Contract>): Promise<Opened<Contract>>
  /** Removes everything of the customer for good. */
  drop(): Promise<void>
  readonly onTransition?: MachineObserver
}

interface Request {
  readonly wanted: Opened<Contract>
  resolve(contract: Opened<Contract>): void
  reject(error: unknown): void
}

const SIGNING: readonly ContractState[] = ['signing', 'renewing']

/** The shell around the contract machine of one customer. Calls of `agree` must not overlap. */
export function createCustomer(options: CustomerOptions): Customer {
  const { key, clock, limits } = options
  const account = createAccount(key.fingerprint, limits)
  let contract = options.contract
  let request: Request | undefined
  let failure: unknown
  if (contract !== null) account.grant(contract.body.bytes)

  const runner = createRunner({
    name: 'contract',
    table: contractTable,
    initial:
      contract === null ? NO_CONTRACT : { state: 'active', context: { until: contract.body.until, overdueSince: 0 } },
    perform,
    clock,
    ...(options.onTransition === undefined ? {} : { onTransition: options.onTransition }),
  })

  function perform(effect: ContractEffect): Promise<void> | void {
    switch (effect) {
      case 'sign':
        return sign()
      case 'accept':
        return request?.resolve(contract!)
      case 'refuse':
        return request?.reject(new SupplierError('QuotaExceeded', 'no room for a contract of this size'))
      case 'fail':
        return request?.reject(failure)
      case 'drop':
        return drop()
    }
  }

  async function sign(): Promise<void> {
    try {
      contract = await options.book(request!.wanted)
    } catch (error) {
      failure = error
      return runner.send({ type: 'failed' })
    }
    const { bytes, until } = contract.body
    account.grant(bytes)
    runner.send({ type: 'booked', until })
  }

  async function drop(): Promise<void> {
    try {
      await options.drop()
    } catch (error) {
      failure = error
      return runner.send({ type: 'failed' })
    }
    runner.send({ type: 'dropped' })
  }

  return {
    fingerprint: key.fingerprint,
    key,
    account,

    get contract() {
      return contract
    },

    look() {
      const time = { now: clock.now(), monotonic: clock.monotonic(), graceMs: limits.graceMs, overdueMs: OVERDUE_MS }
      runner.send({ type: 'ticked', time })
      return runner.snapshot.state
    },

    agree: (wanted, room) =>
      new Promise((resolve, reject) => {
        request = { wanted, resolve, reject }
        runner.send({ type: 'asked', bytes: wanted.body.bytes, room })
      }),

    async cancel() {
      // A contract that is being signed is finished first.
      while (SIGNING.includes(runner.snapshot.state)) await runner.settled('none', 'active')
      runner.send({ type: 'cancelled' })
      const { state } = await runner.settled('none', 'leftover')
      if (state === 'leftover') throw failure
    },

    stop: () => runner.stop(),
  }
}
