import { randomBytes, toHex } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { choosePlacement } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { describeFailure } from '../failure.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import type { SupplierOffer } from './find-suppliers.ts'
import { makeContract } from './make-contract.ts'
import type { FamilyPlan } from './plan.ts'

/** Length of a contract that renews another one, in ms: a year. The supplier may refuse it as too long, never grants more. */
const RENEWAL_MS = 365 * 24 * 3600 * 1000

export interface HireSuppliersOptions extends CallOptions {
  readonly self: Pick<Self, 'fingerprint' | 'masterKey' | 'masterPublicKey'>
  readonly remotes: Pick<RemoteSuppliers, 'requestContract'>
  readonly clock: Clock
  /** Best first; nobody who is in `staying`. */
  readonly offers: readonly SupplierOffer[]
  /** The suppliers of the other positions, by position. */
  readonly staying: ReadonlyMap<number, PeerRef>
  /** Gets a new supplier ready, once it has signed; when it throws, somebody else is hired instead. */
  prepare(peer: PeerRef, signal: AbortSignal): Promise<void>
  /** Keeps the plan, before anybody is asked and after every contract. */
  save(plan: FamilyPlan): Promise<void>
}

/**
 * Makes the contracts of a plan, those that it already has excepted.
 *
 * @returns The plan with all its positions hired.
 * @throws {CustomerError} `NotFound` (retryable) when there are not enough who sign.
 */
export async function hireSuppliers(plan: FamilyPlan, options: HireSuppliersOptions): Promise<FamilyPlan> {
  return fillPositions(await renewContracts(plan, options), options)
}

/** New contracts with suppliers that stay. Without one, the old contract stands: only a user wants to hear of it. */
async function renewContracts(plan: FamilyPlan, options: HireSuppliersOptions): Promise<FamilyPlan> {
  const { clock, staying, save } = options
  let current = plan
  for (const position of plan.renew) {
    const peer = staying.get(position)
    if (peer === undefined || current.hired.some((hired) => hired.position === position)) continue
    const until = clock.now() + RENEWAL_MS
    try {
      const contract = await makeContract({ ...options, peer, position, bytes: plan.bytesEach, until })
      current = { ...current, hired: [...current.hired, { ...refOf(peer), position, contract }] }
      await save(current)
    } catch (error) {
      if (!plan.automatic) throw error
    }
  }
  return current
}

async function fillPositions(plan: FamilyPlan, options: HireSuppliersOptions): Promise<FamilyPlan> {
  const { offers, staying, prepare, save, signal } = options
  const pool = new Map(offers.map((offer) => [offer.fingerprint, offer]))
  const reasons: string[] = []
  let current = plan

  async function hire(offer: SupplierOffer, position: number): Promise<void> {
    const contract = await sign(offer, position)
    if (contract === null) return
    current = { ...current, hired: [...current.hired, { ...refOf(offer), position, contract }] }
    await save(current)
  }

  /** Null: somebody else has to be found. */
  async function sign(peer: SupplierOffer, position: number): Promise<Uint8Array | null> {
    try {
      const contract = await makeContract({ ...options, peer, position, bytes: plan.bytesEach, until: peer.until })
      await prepare(peer, signal)
      return contract
    } catch (error) {
      signal.throwIfAborted()
      reasons.push(`${peer.idurl}: ${describeFailure(error)}`)
      return null
    }
  }

  for (;;) {
    const open = plan.replace.filter((position) => !current.hired.some((hired) => hired.position === position))
    if (open.length === 0) return current
    const chosen = choose([...pool.values()], [...staying.values(), ...current.hired], open.length)
    if (chosen.length < open.length) throw tooFew(plan, chosen.length, open.length, reasons)
    for (const { fingerprint } of chosen) pool.delete(fingerprint)
    current = { ...current, asked: [...current.asked, ...chosen.map(refOf)] }
    await save(current)
    await Promise.all(chosen.map((offer, index) => hire(offer, open[index]!)))
  }
}

/** Those whom the user named, in his order, and for the rest whoever has least in common. */
function choose(pool: readonly SupplierOffer[], current: readonly PeerRef[], count: number): readonly SupplierOffer[] {
  const named = pool.filter(({ preferred }) => preferred).slice(0, count)
  const { chosen } = choosePlacement({
    candidates: pool.filter(({ preferred }) => !preferred),
    current: [...current, ...named],
    count: count - named.length,
    seed: toHex(randomBytes(16)),
  })
  return [...named, ...chosen]
}

function tooFew(plan: FamilyPlan, found: number, need: number, reasons: readonly string[]): CustomerError {
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
  return new CustomerError(
    'NotFound',
    `${found} suppliers found for ${need} open positions of ${plan.n}, each with ${plan.bytesEach} bytes to give${why}`,
    { retryable: true, have: found, need },
  )
}

/** Records name a peer by these three alone. */
function refOf({ fingerprint, idurl, peerId }: PeerRef): PeerRef {
  return { fingerprint, idurl, peerId }
}
