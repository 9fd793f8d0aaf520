import type { Arrow, Snapshot, Table } from '@bitdust/machine'

/** Where repair is. `off`: it runs only when somebody asks. */
export type RepairState = 'off' | 'idle' | 'updating' | 'surveying' | 'rebuilding'

export interface RepairContext {
  /** Runs by itself too, from time to time. */
  readonly watching: boolean
  /** Something changed during this run: another one has to follow. */
  readonly again: boolean
}

export type RepairEvent =
  | { readonly type: 'start' }
  /** A run is wanted: by somebody, by the timer, or because something changed. */
  | { readonly type: 'due' }
  | { readonly type: 'updated' }
  | { readonly type: 'surveyed' }
  | { readonly type: 'rebuilt' }
  | { readonly type: 'failed' }

export type RepairEffect =
  | { readonly type: 'update' }
  | { readonly type: 'survey' }
  | { readonly type: 'rebuild' }
  | { readonly type: 'report' }

type RepairArrow<T extends RepairEvent['type']> = Arrow<
  RepairState,
  RepairContext,
  Extract<RepairEvent, { type: T }>,
  RepairEffect
>

const update = (): RepairEffect[] => [{ type: 'update' }]
const survey = (): RepairEffect[] => [{ type: 'survey' }]
const rebuild = (): RepairEffect[] => [{ type: 'rebuild' }]
const report = (): RepairEffect[] => [{ type: 'report' }]
const reportAndUpdate = (): RepairEffect[] => [{ type: 'report' }, { type: 'update' }]
const isAgain = (context: RepairContext): boolean => context.again
const isWatching = (context: RepairContext): boolean => context.watching
const watch = (context: RepairContext): RepairContext => ({ ...context, watching: true })
const remember = (context: RepairContext): RepairContext => ({ ...context, again: true })
const forget = (context: RepairContext): RepairContext => ({ ...context, again: false })

const ending: readonly RepairArrow<'rebuilt' | 'failed'>[] = [
  { to: 'updating', when: isAgain, update: forget, effects: reportAndUpdate },
  { to: 'idle', when: isWatching, effects: report },
  { to: 'off', effects: report },
]

/** Repair: bring records up to date, look what is missing, rebuild it; one run at a time. */
export const repairTable: Table<RepairState, RepairContext, RepairEvent, RepairEffect> = {
  off: { start: [{ to: 'updating', update: watch, effects: update }], due: [{ to: 'updating', effects: update }] },
  idle: { due: [{ to: 'updating', effects: update }] },
  updating: {
    start: [{ to: 'updating', update: watch }],
    due: [{ to: 'updating', update: remember }],
    updated: [{ to: 'surveying', effects: survey }],
    failed: ending,
  },
  surveying: {
    start: [{ to: 'surveying', update: watch }],
    due: [{ to: 'surveying', update: remember }],
    surveyed: [{ to: 'rebuilding', effects: rebuild }],
    failed: ending,
  },
  rebuilding: {
    start: [{ to: 'rebuilding', update: watch }],
    due: [{ to: 'rebuilding', update: remember }],
    rebuilt: ending,
    failed: ending,
  },
}

/** Where the machine starts. */
export const repairStart: Snapshot<RepairState, RepairContext> = {
  state: 'off',
  context: { watching: false, again: false },
}
