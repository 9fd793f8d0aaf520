import type { Table } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { IdentityError } from '../errors.ts'
import type { IdServerAddress } from '../names/id-server.ts'
import type { Idurl } from '../names/idurl.ts'
import type { SourceState } from '../publishing/publisher.ts'

export type RotationState =
  | 'idle'
  | 'watching'
  | 'checking'
  | 'doubting'
  | 'seeking'
  | 'publishing'
  | 'refreshing'
  | 'propagating'

/**
 * Why another server is wanted. `replace`: a source is lost. `add`: there are fewer than wanted. `request`: the user wants
 * another primary. `schedule`: it is time to move.
 */
export type RotationPurpose = 'replace' | 'add' | 'request' | 'schedule'

/** What is to be done although all sources are well. */
export type RotationDuty = 'add' | 'schedule' | 'propagate'

export interface RotationContext {
  /** Sources that did not answer at the last check. */
  readonly silent: readonly Idurl[]
  /** Sources that had nothing or an old document, and were sent the current one since. */
  readonly refilled: readonly Idurl[]
  readonly purpose: RotationPurpose
  /** Sources to be replaced; empty unless that is the purpose. */
  readonly lost: readonly Idurl[]
  /** Servers that are chosen when there is no other: we left them, or they died on us. Those left first come first. */
  readonly left: readonly IdServerAddress[]
  /** Servers that refused during this rotation. */
  readonly refusing: readonly IdServerAddress[]
  /** Why the last rotation did not come about. */
  readonly failure?: { readonly error: unknown }
}

export type RotationEvent =
  | { readonly type: 'start' }
  | { readonly type: 'check' }
  | { readonly type: 'rotate' }
  | { readonly type: 'checked'; readonly sources: readonly SourceState[]; readonly due: RotationDuty | null }
  | { readonly type: 'found'; readonly server: IdServerAddress }
  | { readonly type: 'nothingFound' }
  | { readonly type: 'rotated'; readonly document: IdentityDocument; readonly dropped: readonly IdServerAddress[] }
  | { readonly type: 'refused'; readonly server: IdServerAddress }
  | { readonly type: 'refreshed' }
  | { readonly type: 'propagated'; readonly document: IdentityDocument }
  | { readonly type: 'failed'; readonly error: unknown }

export type RotationEffect =
  | { readonly type: 'check' }
  | {
      readonly type: 'seek'
      readonly purpose: RotationPurpose
      readonly left: readonly IdServerAddress[]
      readonly refusing: readonly IdServerAddress[]
    }
  | {
      readonly type: 'rotate'
      readonly purpose: RotationPurpose
      readonly server: IdServerAddress
      readonly lost: readonly Idurl[]
    }
  | { readonly type: 'refresh' }
  | { readonly type: 'propagate' }
  | { readonly type: 'reportMove'; readonly document: IdentityDocument; readonly purpose: RotationPurpose }
  | { readonly type: 'reportPropagation'; readonly document: IdentityDocument }

type Checked = Extract<RotationEvent, { type: 'checked' }>

/** Sources in one of these states. A static host is only looked at: what is wrong with it, its owner puts right. */
function withState(sources: readonly SourceState[], ...states: SourceState['is'][]): readonly Idurl[] {
  return sources.filter(({ is, isStatic }) => !isStatic && states.includes(is)).map(({ source }) => source)
}

/** Silent twice, sent a document in vain, or in other hands. */
function lostSources({ silent, refilled }: RotationContext, { sources }: Checked): readonly Idurl[] {
  const stillSilent = withState(sources, 'dead').filter((source) => silent.includes(source))
  const stillWrong = withState(sources, 'missing', 'stale').filter((source) => refilled.includes(source))
  return [...stillSilent, ...stillWrong, ...withState(sources, 'taken')]
}

function anyLost(context: RotationContext, event: Checked): boolean {
  return lostSources(context, event).length > 0
}

function anySilent(_context: RotationContext, { sources }: Checked): boolean {
  return withState(sources, 'dead').length > 0
}

/** Those that are outdated although they were sent the document count as lost. */
function anyOutdated({ refilled }: RotationContext, { sources }: Checked): boolean {
  return withState(sources, 'missing', 'stale').some((source) => !refilled.includes(source))
}

function someSilent({ silent }: RotationContext): boolean {
  return silent.length > 0
}

function tooFew(_context: RotationContext, { due }: Checked): boolean {
  return due === 'add'
}

function timeToMove(_context: RotationContext, { due }: Checked): boolean {
  return due === 'schedule'
}

function timeToPropagate(_context: RotationContext, { due }: Checked): boolean {
  return due === 'propagate'
}

function check(): RotationEffect[] {
  return [{ type: 'check' }]
}

function seek({ purpose, left, refusing }: RotationContext): RotationEffect[] {
  return [{ type: 'seek', purpose, left, refusing }]
}

function refresh(): RotationEffect[] {
  return [{ type: 'refresh' }]
}

function propagate(): RotationEffect[] {
  return [{ type: 'propagate' }]
}

function rotate(
  { purpose, lost }: RotationContext,
  { server }: Extract<RotationEvent, { type: 'found' }>,
): RotationEffect[] {
  return [{ type: 'rotate', purpose, server, lost }]
}

function report(
  { purpose }: RotationContext,
  { document }: Extract<RotationEvent, { type: 'rotated' }>,
): RotationEffect[] {
  return [{ type: 'reportMove', document, purpose }]
}

function tell(
  _context: RotationContext,
  { document }: Extract<RotationEvent, { type: 'propagated' }>,
): RotationEffect[] {
  return [{ type: 'reportPropagation', document }]
}

/** The context in which another server is looked for. */
function wanting(
  { failure: _, ...context }: RotationContext,
  purpose: RotationPurpose,
  lost: readonly Idurl[] = [],
): RotationContext {
  return { ...context, purpose, lost, refusing: [] }
}

function well(context: RotationContext): RotationContext {
  return { ...context, silent: [], refilled: [] }
}

function failed(context: RotationContext, error: unknown): RotationContext {
  return { ...context, refusing: [], failure: { error } }
}

function noted(context: RotationContext, { error }: Extract<RotationEvent, { type: 'failed' }>): RotationContext {
  return failed(context, error)
}

/** What could not be replaced is sent the document again at the next check. */
function kept(context: RotationContext, event: RotationEvent): RotationContext {
  const error = event.type === 'failed' ? event.error : new IdentityError('NotFound', 'no other ID-server is usable')
  return { ...failed(context, error), refilled: [] }
}

const byRequest = [
  { to: 'seeking', update: (context: RotationContext) => wanting(context, 'request'), effects: seek },
] as const

/**
 * Rotation of the sources: look after them; one that stays silent (asked twice, with a pause), lost its copy again after
 * getting a new one, or belongs to another key, is replaced by another known server, which becomes the first. While all
 * are well, the number of sources is made up, the primary moves when its time has come, and the document goes out again.
 */
export const rotationTable: Table<RotationState, RotationContext, RotationEvent, RotationEffect> = {
  idle: {
    start: [{ to: 'checking', effects: check }],
    check: [{ to: 'checking', effects: check }],
    rotate: byRequest,
  },
  watching: {
    check: [{ to: 'checking', effects: check }],
    rotate: byRequest,
  },
  checking: {
    checked: [
      // First, since a lost source may stay lost for long, when there is no other server.
      {
        to: 'refreshing',
        when: anyOutdated,
        update: (context, { sources }) => ({
          ...context,
          silent: withState(sources, 'dead'),
          refilled: withState(sources, 'missing', 'stale'),
        }),
        effects: refresh,
      },
      {
        to: 'seeking',
        when: anyLost,
        update: (context, event) => wanting(context, 'replace', lostSources(context, event)),
        effects: seek,
      },
      {
        to: 'doubting',
        when: anySilent,
        update: (context, { sources }) => ({ ...context, silent: withState(sources, 'dead') }),
      },
      { to: 'seeking', when: tooFew, update: (context) => wanting(well(context), 'add'), effects: seek },
      { to: 'seeking', when: timeToMove, update: (context) => wanting(well(context), 'schedule'), effects: seek },
      { to: 'propagating', when: timeToPropagate, update: well, effects: propagate },
      { to: 'watching', update: well },
    ],
    failed: [{ to: 'watching', update: noted }],
  },
  doubting: {
    check: [{ to: 'checking', effects: check }],
    rotate: byRequest,
  },
  seeking: {
    found: [{ to: 'publishing', effects: rotate }],
    nothingFound: [{ to: 'watching', update: kept }],
    failed: [{ to: 'watching', update: kept }],
  },
  publishing: {
    rotated: [
      {
        to: 'watching',
        update: ({ purpose, left }, { dropped }) => ({
          silent: [],
          refilled: [],
          purpose,
          lost: [],
          left: [...left.filter((server) => !dropped.includes(server)), ...dropped],
          refusing: [],
        }),
        effects: report,
      },
    ],
    refused: [
      {
        to: 'seeking',
        update: (context, { server }) => ({ ...context, refusing: [...context.refusing, server] }),
        effects: seek,
      },
    ],
    failed: [{ to: 'watching', update: kept }],
  },
  refreshing: {
    refreshed: [{ to: 'doubting', when: someSilent }, { to: 'watching' }],
    failed: [{ to: 'watching', update: noted }],
  },
  propagating: {
    propagated: [{ to: 'watching', effects: tell }],
    failed: [{ to: 'watching', update: noted }],
  },
}
