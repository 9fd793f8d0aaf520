import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { familyRecord } from '@bitdust/records'
import { readQuorum } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { wasOvertaken } from '../locations/quorum.ts'
import type { CallOptions, RemoteSuppliers, Self, SupplierFinder } from '../ports.ts'
import { announceFamily, signNextFamily } from './announce-family.ts'
import { copyRecords } from './copy-records.ts'
import type { FamilyBooks } from './family-books.ts'
import { findSuppliers, type SupplierOffer } from './find-suppliers.ts'
import { hireSuppliers } from './hire-suppliers.ts'
import type { OwnRecord } from './own-record.ts'
import type { FamilyPlan } from './plan.ts'
import type { FamilyPublisher } from './publisher.ts'
import type { HireProgress } from './types.ts'

/** What a step takes besides the plan. */
export interface StepOptions extends CallOptions {
  readonly preferred: readonly PeerRef[]
  readonly onProgress: (progress: HireProgress) => void
}

export interface ChangeStepsOptions {
  readonly self: Self
  readonly remotes: RemoteSuppliers
  readonly finder: SupplierFinder
  readonly publisher: FamilyPublisher
  readonly books: FamilyBooks
  readonly own: OwnRecord
  readonly clock: Clock
  online(position: number): boolean
  /** Ends the contract with a supplier of an earlier family. */
  leave(peer: PeerRef): Promise<void>
}

/** What the machine `hire-fire` does in its states. Every step can be repeated after a crash. */
export interface ChangeSteps {
  find(plan: FamilyPlan, options: StepOptions): Promise<readonly SupplierOffer[]>
  /** Hires for all positions; returns the plan with the next family signed. From then on it is carried through. */
  contract(plan: FamilyPlan, offers: readonly SupplierOffer[], options: StepOptions): Promise<FamilyPlan>
  /** Brings the signed family into force. */
  announce(plan: FamilyPlan, options: StepOptions): Promise<void>
  /** Whether another family of this or a later revision is in force, so that the signed one never can be. */
  isOvertaken(plan: FamilyPlan): boolean
  /** Tells everybody. Fails only by abort: whoever cannot be reached is brought up to date by repair. */
  copy(plan: FamilyPlan, options: StepOptions): Promise<void>
  /** Forgets a plan, and ends the contracts which it made for nothing. */
  abandon(options: CallOptions): Promise<void>
  /** Ends the contracts of those who are in the family no more. */
  dismiss(): Promise<void>
}

export function createChangeSteps(options: ChangeStepsOptions): ChangeSteps {
  const { self, remotes, finder, publisher, books, own, clock, online, leave } = options
  const customer = self.fingerprint
  const ownerKey = self.masterPublicKey

  /** Copies headers, members and journals of the family in force; enough of its suppliers must tell what there is. */
  async function copyTo(targets: readonly PeerRef[], signal: AbortSignal): Promise<void> {
    if (own.current === null) return
    const { n, positions } = own.current.body
    const sources = positions.filter(
      (peer, position) => online(position) && !targets.some((target) => isSame(target, peer)),
    )
    const { answered, failed } = await copyRecords({ customer, ownerKey, remotes, sources, targets, signal })
    for (const error of failed.values()) throw error
    const need = readQuorum(n)
    if (answered >= need) return
    throw new CustomerError('Timeout', `${answered} of ${need} suppliers told what they keep`, {
      have: answered,
      need,
      retryable: true,
    })
  }

  function isMember(peer: PeerRef): boolean {
    return own.current?.body.positions.some((one) => isSame(one, peer)) ?? false
  }

  /** Ends contracts, heard of or not, with those who were asked and are not in the family. Once, as with `dismiss`. */
  async function cancelUseless({ asked }: FamilyPlan, signal: AbortSignal): Promise<void> {
    const useless = asked.filter((peer) => !isMember(peer))
    await Promise.allSettled(useless.map((peer) => remotes.cancel(peer, { customer }, { signal })))
  }

  return {
    async find(plan, { preferred, onProgress, signal }) {
      await books.keepPlan(plan)
      const count = plan.replace.filter((position) => !isHired(plan, position)).length
      onProgress({ step: 'finding', done: 0, total: count })
      if (count === 0) return []
      const known = [...(own.current?.body.positions ?? []), ...plan.hired, ...(await books.dismissed())]
      const exclude = new Set([customer, ...known.map(({ fingerprint }) => fingerprint)])
      return findSuppliers({ remotes, finder, clock, exclude, preferred, count, bytes: plan.bytesEach, signal })
    },

    async contract(plan, offers, { onProgress, signal }) {
      const total = plan.replace.length + plan.renew.length
      const places = own.current?.body.positions.entries() ?? []
      const staying = new Map([...places].filter(([position]) => !plan.replace.includes(position)))
      const hired = await hireSuppliers(plan, {
        self,
        remotes,
        clock,
        offers,
        staying,
        prepare: (peer, prepareSignal) => copyTo([peer], prepareSignal),
        async save(changed) {
          await books.keepPlan(changed)
          onProgress({ step: 'contracting', done: changed.hired.length, total })
        },
        signal,
      })
      if (hired.hired.length === 0)
        throw new CustomerError('QuotaExceeded', 'no supplier renews its contract', { retryable: true })
      const next = await signNextFamily(hired, own.current, self)
      signal.throwIfAborted()
      const signed = { ...hired, next: next.bytes }
      await books.keepPlan(signed)
      return signed
    },

    async announce(plan, { onProgress, signal }) {
      if (plan.next === null) return
      const next = familyRecord.open(plan.next)
      onProgress({ step: 'announcing', done: 0, total: 1 })
      if (own.current?.hash !== next.hash) {
        try {
          await announceFamily(next, own.current, { remotes, customer, signal })
        } catch (error) {
          // They refuse it when another device of ours made a change of its own.
          if (wasOvertaken(error)) await own.lookForNewer({ signal })
          throw error
        }
        await own.take(
          next,
          plan.hired.map(({ contract }) => contract),
        )
      }
      onProgress({ step: 'announcing', done: 1, total: 1 })
    },

    isOvertaken(plan) {
      if (plan.next === null || own.current === null) return false
      const next = familyRecord.open(plan.next)
      return own.current.body.revision >= next.body.revision && own.current.hash !== next.hash
    },

    async copy(plan, { onProgress, signal }) {
      const total = plan.replace.length
      onProgress({ step: 'copying', done: 0, total })
      if (own.current !== null) {
        const { bytes: record, body } = own.current
        await Promise.allSettled([
          ...body.positions.map((peer) => remotes.putRecord(peer, { customer, kind: 'family', record }, { signal })),
          publisher.publish(own.current),
        ])
        // What was written while they were hired. A first family has nothing to copy.
        const added = plan.replace.flatMap((position) => body.positions[position] ?? [])
        if (body.revision > 1 && added.length > 0) await copyTo(added, signal).catch(() => {})
      }
      signal.throwIfAborted()
      await cancelUseless(plan, signal)
      await books.dropPlan()
      onProgress({ step: 'copying', done: total, total })
    },

    async abandon({ signal }) {
      const plan = await books.plan()
      if (plan !== null) await cancelUseless(plan, signal)
      await books.dropPlan()
    },

    async dismiss() {
      const gone = await books.dismissed()
      // Once: the contract of somebody who cannot be reached ends by itself.
      await Promise.all(gone.filter((peer) => !isMember(peer)).map(leave))
      for (const { fingerprint } of gone) await books.dropDismissed(fingerprint)
    },
  }
}

function isHired(plan: FamilyPlan, position: number): boolean {
  return plan.hired.some((hired) => hired.position === position)
}

function isSame(a: PeerRef, b: PeerRef): boolean {
  return a.fingerprint === b.fingerprint
}
