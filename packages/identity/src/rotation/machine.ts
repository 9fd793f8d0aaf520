import type { Table } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { IdentityError } from '../errors.ts'
import type { IdServerAddress } from '../names/id-server.ts'
import type { Idurl } from '../names/idurl.ts'
import type { SourceState } from '../publishing/publisher.ts'

export type RotationState = 'idle' | 'watching' | 'checking' | 'doubting' | 'seeking' | 'publishing' | 'refreshing'

export interface RotationContext {
  /** Sources that did not answer at the last check. */
  readonly silent: readonly Idurl[]
  /** Sources that had nothing or an old document at the last check, and were sent the current one since. */
  readonly refilled: readonly Idurl[]
  /** Sources to be replaced; empty when the user wants another primary and all are well. */
  readonly lost: readonly Idurl[]
  /** Servers that are not chosen any more: they died on us, or hold our name for another key. */
  readonly avoided: readonly IdServerAddress[]
  /** Why the last rotation did not come about. */
  readonly failure?: { readonly error: unknown }
}

export type RotationEvent =
  | { readonly type: 'start' }
  | { readonly type: 'check' }
  | { readonly type: 'rotate' }
  | { readonly type: 'checked'; readonly sources: readonly SourceState[] }
  | { readonly type: 'found'; readonly server: IdServerAddress }
  | { readonly type: 'nothingFound' }
  | { readonly type: 'rotated'; readonly document: IdentityDocument; readonly dropped: readonly IdServerAddress[] }
  | { readonly type: 'refused'; readonly server: IdServerAddress }
  | { readonly type: 'refreshed' }
  | { readonly type: 'failed'; readonly error: unknown }

export type RotationEffect =
  | { readonly type: 'check' }
  | { readonly type: 'seek'; readonly avoided: readonly IdServerAddress[] }
  | { readonly type: 'rotate'; readonly server: IdServerAddress; readonly lost: readonly Idurl[] }
  | { readonly type: 'refresh' }
  | { readonly type: 'report'; readonly document: IdentityDocument }

type Checked = Extract<RotationEvent, { type: 'checked' }>

function withState(sources: readonly SourceState[], ...states: SourceState['is'][]): readonly Idurl[] {
  return sources.filter(({ is }) => states.includes(is)).map(({ source }) => source)
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

function anyOutdated(_context: RotationContext, { sources }: Checked): boolean {
  return withState(sources, 'missing', 'stale').length > 0
}

function check(): RotationEffect[] {
  return [{ type: 'check' }]
}

function seek({ avoided }: RotationContext): RotationEffect[] {
  return [{ type: 'seek', avoided }]
}

function refresh(): RotationEffect[] {
  return [{ type: 'refresh' }]
}

function rotate({ lost }: RotationContext, { server }: Extract<RotationEvent, { type: 'found' }>): RotationEffect[] {
  return [{ type: 'rotate', server, lost }]
}

function report(
  _context: RotationContext,
  { document }: Extract<RotationEvent, { type: 'rotated' }>,
): RotationEffect[] {
  return [{ type: 'report', document }]
}

function withoutFailure({ failure: _, ...context }: RotationContext): RotationContext {
  return context
}

function forced(context: RotationContext): RotationContext {
  return { ...withoutFailure(context), lost: [] }
}

function noted(context: RotationContext, { error }: Extract<RotationEvent, { type: 'failed' }>): RotationContext {
  return { ...context, failure: { error } }
}

/**
 * Rotation of the sources: look after them; one that stays silent (asked twice, with a pause), lost its copy again after
 * getting a new one, or belongs to another key, is replaced by another known server, which becomes the first.
 */
export const rotationTable: Table<RotationState, RotationContext, RotationEvent, RotationEffect> = {
  idle: {
    start: [{ to: 'checking', effects: check }],
    check: [{ to: 'checking', effects: check }],
    rotate: [{ to: 'seeking', update: forced, effects: seek }],
  },
  watching: {
    check: [{ to: 'checking', effects: check }],
    rotate: [{ to: 'seeking', update: forced, effects: seek }],
  },
  checking: {
    checked: [
      {
        to: 'seeking',
        when: anyLost,
        update: (context, event) => ({ ...withoutFailure(context), lost: lostSources(context, event) }),
        effects: seek,
      },
      {
        to: 'doubting',
        when: anySilent,
        update: (context, { sources }) => ({ ...context, silent: withState(sources, 'dead') }),
      },
      {
        to: 'refreshing',
        when: anyOutdated,
        update: (context, { sources }) => ({
          ...context,
          silent: [],
          refilled: withState(sources, 'missing', 'stale'),
        }),
        effects: refresh,
      },
      { to: 'watching', update: (context) => ({ ...context, silent: [], refilled: [] }) },
    ],
    failed: [{ to: 'watching', update: noted }],
  },
  doubting: {
    check: [{ to: 'checking', effects: check }],
    rotate: [{ to: 'seeking', update: forced, effects: seek }],
  },
  seeking: {
    found: [{ to: 'publishing', effects: rotate }],
    nothingFound: [
      {
        to: 'watching',
        update: (context) => ({
          ...context,
          failure: { error: new IdentityError('NotFound', 'no other ID-server is usable') },
        }),
      },
    ],
    failed: [{ to: 'watching', update: noted }],
  },
  publishing: {
    rotated: [
      {
        to: 'watching',
        update: ({ avoided }, { dropped }) => ({
          silent: [],
          refilled: [],
          lost: [],
          avoided: [...avoided, ...dropped],
        }),
        effects: report,
      },
    ],
    refused: [
      {
        to: 'seeking',
        update: (context, { server }) => ({ ...context, avoided: [...context.avoided, server] }),
        effects: seek,
      },
    ],
    failed: [{ to: 'watching', update: noted }],
  },
  refreshing: {
    refreshed: [{ to: 'watching' }],
    failed: [{ to: 'watching', update: noted }],
  },
}
