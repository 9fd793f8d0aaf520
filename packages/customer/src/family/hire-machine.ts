import type { Arrow, Snapshot, Table } from '@bitdust/machine'
import type { SupplierOffer } from './find-suppliers.ts'
import type { FamilyPlan } from './plan.ts'

/** Where a change of the family is. */
export type HireState =
  | 'ready'
  | 'deciding'
  | 'finding'
  | 'contracting'
  | 'announcing'
  | 'copying'
  | 'rebuilding'
  | 'waiting'
  | 'abandoning'

/** What the machine remembers. */
export interface HireContext {
  /** The change under way. */
  readonly plan: FamilyPlan | null
  /** Number of the wish that it fulfils; 0 when nobody waits for it. */
  readonly ticket: number
  /** How often the change has failed, since the last one that did not. */
  readonly failures: number
  /** Who may be hired, best first. */
  readonly offers: readonly SupplierOffer[]
  /** Fragments of the present family are still to be rebuilt. */
  readonly rebuildOwed: boolean
}

export type HireEvent =
  /** Something was learned about the suppliers. */
  | { readonly type: 'check' }
  /** Nobody has to be replaced. */
  | { readonly type: 'healthy' }
  /** A change is wanted, by the user or because suppliers are dead. */
  | { readonly type: 'wanted'; readonly plan: FamilyPlan; readonly ticket: number }
  | { readonly type: 'found'; readonly offers: readonly SupplierOffer[] }
  | { readonly type: 'contracted'; readonly plan: FamilyPlan }
  /** Enough suppliers of the previous family stored the next one. */
  | { readonly type: 'announced' }
  | { readonly type: 'copied' }
  | { readonly type: 'rebuilt' }
  /** `final`: the plan is given up, whatever it is. */
  | { readonly type: 'failed'; readonly error: unknown; readonly final: boolean }
  | { readonly type: 'abandoned' }
  | { readonly type: 'retry' }

export type HireEffect =
  | { readonly type: 'decide' }
  | { readonly type: 'find'; readonly plan: FamilyPlan }
  | { readonly type: 'contract'; readonly plan: FamilyPlan; readonly offers: readonly SupplierOffer[] }
  | { readonly type: 'announce'; readonly plan: FamilyPlan }
  | { readonly type: 'copy'; readonly plan: FamilyPlan }
  | { readonly type: 'rebuild' }
  | { readonly type: 'dismiss' }
  | { readonly type: 'abandon' }
  | { readonly type: 'settle'; readonly ticket: number; readonly error: unknown }

type HireArrow<T extends HireEvent['type']> = Arrow<HireState, HireContext, Extract<HireEvent, { type: T }>, HireEffect>

const decide = (): HireEffect[] => [{ type: 'decide' }]
const find = ({ plan }: HireContext): HireEffect[] => (plan === null ? [] : [{ type: 'find', plan }])
const contract = ({ plan, offers }: HireContext): HireEffect[] =>
  plan === null ? [] : [{ type: 'contract', plan, offers }]
const announce = ({ plan }: HireContext): HireEffect[] => (plan === null ? [] : [{ type: 'announce', plan }])
const copy = ({ plan }: HireContext): HireEffect[] => (plan === null ? [] : [{ type: 'copy', plan }])
const finish = ({ ticket }: HireContext): HireEffect[] => [{ type: 'settle', ticket, error: null }, { type: 'rebuild' }]
const dismiss = (): HireEffect[] => [{ type: 'dismiss' }]
const tell = ({ ticket }: HireContext, { error }: Extract<HireEvent, { type: 'failed' }>): HireEffect[] => [
  { type: 'settle', ticket, error },
]
const abandon = (context: HireContext, event: Extract<HireEvent, { type: 'failed' }>): HireEffect[] => [
  { type: 'abandon' },
  ...tell(context, event),
]

const takeWish = (context: HireContext, { plan, ticket }: Extract<HireEvent, { type: 'wanted' }>): HireContext => ({
  ...context,
  plan,
  ticket,
})
const takePlan = (context: HireContext, { plan }: Extract<HireEvent, { type: 'contracted' }>): HireContext => ({
  ...context,
  plan,
})
const takeOffers = (context: HireContext, { offers }: Extract<HireEvent, { type: 'found' }>): HireContext => ({
  ...context,
  offers,
})
const planDone = ({ ticket }: HireContext): HireContext => ({
  plan: null,
  ticket,
  failures: 0,
  offers: [],
  rebuildOwed: true,
})
const countFailure = (context: HireContext): HireContext => ({ ...context, failures: context.failures + 1 })
const planDropped = (context: HireContext): HireContext => ({ ...context, plan: null, offers: [] })
const rebuiltNow = (context: HireContext): HireContext => ({ ...context, rebuildOwed: false })

const rebuildOwed = ({ rebuildOwed: owed }: HireContext): boolean => owed
const isUnsigned = (context: HireContext): boolean => !isCarriedThrough(context)
const comesSigned = (_: HireContext, { plan }: { readonly plan: FamilyPlan }): boolean => plan.next !== null
const isGivenUp = ({ plan }: HireContext, { final }: Extract<HireEvent, { type: 'failed' }>): boolean =>
  final || plan === null || !(plan.automatic || plan.next !== null)

const checking: readonly HireArrow<'check'>[] = [{ to: 'deciding', effects: decide }]
const wanting: readonly HireArrow<'wanted'>[] = [
  { to: 'announcing', when: comesSigned, update: takeWish, effects: announce },
  { to: 'finding', update: takeWish, effects: find },
]
const rebuilding: readonly HireArrow<'rebuilt'>[] = [{ to: 'ready', update: rebuiltNow, effects: dismiss }]
/** A change that nobody waits for is tried again; one that a user asked for is his to ask again, unless it is signed. */
const failing: readonly HireArrow<'failed'>[] = [
  { to: 'abandoning', when: isGivenUp, update: planDropped, effects: abandon },
  { to: 'waiting', update: countFailure, effects: tell },
]

/** How suppliers are hired and replaced: one change at a time, from finding candidates to rebuilt fragments. */
export const hireFireTable: Table<HireState, HireContext, HireEvent, HireEffect> = {
  ready: { check: checking, wanted: wanting, rebuilt: rebuilding },
  deciding: {
    healthy: [{ to: 'rebuilding', when: rebuildOwed }, { to: 'ready' }],
    wanted: wanting,
    failed: [{ to: 'waiting', update: countFailure }],
  },
  finding: { found: [{ to: 'contracting', update: takeOffers, effects: contract }], failed: failing },
  contracting: { contracted: [{ to: 'announcing', update: takePlan, effects: announce }], failed: failing },
  announcing: { announced: [{ to: 'copying', effects: copy }], failed: failing },
  copying: { copied: [{ to: 'rebuilding', update: planDone, effects: finish }], failed: failing },
  rebuilding: { rebuilt: rebuilding, check: checking, wanted: wanting },
  // What could not be cleaned up is cleaned up at the next start.
  abandoning: { abandoned: [{ to: 'ready' }], failed: [{ to: 'ready' }] },
  waiting: {
    retry: [
      { to: 'announcing', when: isCarriedThrough, effects: announce },
      { to: 'deciding', update: planDropped, effects: decide },
    ],
    // A signed plan is carried through first; whoever wants another one waits for it.
    wanted: [{ to: 'finding', when: isUnsigned, update: takeWish, effects: find }],
  },
}

/** Where the machine starts. */
export const hireFireStart: Snapshot<HireState, HireContext> = {
  state: 'ready',
  context: { plan: null, ticket: 0, failures: 0, offers: [], rebuildOwed: false },
}

/** Whether a change is signed, so that it is carried through whatever happens. */
export function isCarriedThrough({ plan }: HireContext): boolean {
  return plan !== null && plan.next !== null
}
