import { isSupplierCount, PRESETS, type SupplierCount } from '@bitdust/raid'
import { tolerance } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import type { FamilyBooks } from './family-books.ts'
import type { OwnRecord } from './own-record.ts'
import type { FamilyPlan } from './plan.ts'
import type { Renewals } from './renewals.ts'
import type { OpenedFamily } from './types.ts'

export interface PlannerOptions {
  readonly self: Pick<Self, 'fingerprint'>
  readonly remotes: Pick<RemoteSuppliers, 'ping'>
  readonly own: OwnRecord
  readonly books: FamilyBooks
  readonly renewals: Renewals
  /** Positions whose suppliers are given up. */
  dead(): readonly number[]
}

/** Makes plans for the family in force. Null: there is nothing to change. */
export interface Planner {
  /** What has to be done without anybody asking. */
  upkeep(options: CallOptions): Promise<FamilyPlan | null>
  /** A first family; or, of the same suppliers, contracts over more bytes. @throws {CustomerError} `LimitExceeded`. */
  hire(wanted: { readonly count: SupplierCount; readonly bytes: number }): Promise<FamilyPlan | null>
  /** Others at these positions. @throws {CustomerError} `NotFound`, `LimitExceeded`, `Timeout`. */
  replace(positions: readonly number[], options: CallOptions): Promise<FamilyPlan | null>
}

export function createPlanner({ self, remotes, own, books, renewals, dead }: PlannerOptions): Planner {
  /** A new plan keeps the contracts that an interrupted one already made for the same positions. */
  async function plan(change: Omit<FamilyPlan, 'hired' | 'asked' | 'next'>): Promise<FamilyPlan> {
    const before = await books.plan()
    const usable = before !== null && before.next === null && before.bytesEach === change.bytesEach ? before.hired : []
    const hired = usable.filter(({ position }) => change.replace.includes(position))
    return { ...change, hired, asked: before?.asked ?? [], next: null }
  }

  /** What a new supplier must hold: as much as the others, who know it when this device does not. */
  async function grantedBytes(family: OpenedFamily, { signal }: CallOptions): Promise<number> {
    const grants = await Promise.all(
      family.body.positions.map(async (peer) => {
        const contract = await books.contract(peer.fingerprint)
        if (contract !== null) return contract.body.bytes
        const state = await remotes.ping(peer, { customer: self.fingerprint }, { signal }).catch(() => null)
        return state?.granted ?? 0
      }),
    )
    const most = Math.max(...grants)
    if (most > 0) return most
    throw new CustomerError('Timeout', 'no supplier tells how much it granted', { retryable: true })
  }

  return {
    async upkeep(options) {
      const family = own.current
      if (family === null) return null
      const replace = dead()
      const renew = (await renewals.due(family)).filter((position) => !replace.includes(position))
      if (replace.length + renew.length === 0) return null
      if (renew.length > 0) renewals.attempted()
      const bytesEach = await grantedBytes(family, options)
      return plan({ n: family.body.n, bytesEach, replace, renew, automatic: true })
    },

    async hire({ count, bytes }) {
      if (!isSupplierCount(count))
        throw new CustomerError('LimitExceeded', `${count} suppliers, expected one of ${PRESETS.join(', ')}`)
      const family = own.current
      const positions = Array.from({ length: count }, (_, position) => position)
      const wanted = { n: count, bytesEach: Math.ceil((bytes / count) * 2), automatic: false }
      if (family === null) return plan({ ...wanted, replace: positions, renew: [] })
      const { n, positions: suppliers } = family.body
      if (n !== count)
        throw new CustomerError(
          'LimitExceeded',
          `there is a family of ${n} suppliers, it cannot become one of ${count}`,
        )
      const contracts = await Promise.all(suppliers.map(({ fingerprint }) => books.contract(fingerprint)))
      const renew = positions.filter((position) => (contracts[position]?.body.bytes ?? 0) < wanted.bytesEach)
      return renew.length === 0 ? null : plan({ ...wanted, replace: [], renew })
    },

    async replace(positions, options) {
      const family = own.current
      if (family === null) throw new CustomerError('NotFound', 'there are no suppliers to replace')
      const { n } = family.body
      const replace = [...new Set(positions)].sort((a, b) => a - b)
      const unknown = replace.find((one) => !Number.isInteger(one) || one < 0 || one >= n)
      if (unknown !== undefined) throw new CustomerError('NotFound', `position ${unknown}, the last one is ${n - 1}`)
      if (replace.length > tolerance(n))
        throw new CustomerError('LimitExceeded', `${replace.length} suppliers, at most ${tolerance(n)} at once`)
      if (replace.length === 0) return null
      return plan({ n, bytesEach: await grantedBytes(family, options), replace, renew: [], automatic: false })
    },
  }
}
