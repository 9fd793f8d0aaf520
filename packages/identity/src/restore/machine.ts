import type { Fingerprint } from '@bitdust/crypto'
import type { Table } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import type { IdentityErrorCode } from '../errors.ts'

export type RestoreState =
  | 'idle'
  | 'asking'
  | 'askingOthers'
  | 'searching'
  | 'publishing'
  | 'announcing'
  | 'done'
  | 'failed'

/** What came of asking for the identity in one way. */
export interface RestoreAnswer {
  /** The newest document that the key signed, of those that were found. */
  readonly document: IdentityDocument | null
  /** Name of the source that had it. */
  readonly by: string | null
  /** The key of a document that was shown in its place. */
  readonly otherKey: Fingerprint | null
  /** Whether somebody could not be asked. */
  readonly someSilent: boolean
}

export interface RestoreContext {
  readonly found: IdentityDocument | null
  /** Name of the source that had the newest document. */
  readonly foundBy: string | null
  readonly otherKey: Fingerprint | null
  readonly someSilent: boolean
  /** Whether an ID-server took the document that names this device. */
  readonly isPublished: boolean
  readonly failure?:
    | { readonly code: Extract<IdentityErrorCode, 'IdentityKeyChanged' | 'NotFound' | 'Timeout'> }
    | { readonly error: unknown }
}

export type RestoreEvent =
  | { readonly type: 'start' }
  | { readonly type: 'answered'; readonly answer: RestoreAnswer }
  | { readonly type: 'published'; readonly document: IdentityDocument; readonly taken: boolean }
  | { readonly type: 'announced'; readonly kept: boolean }
  | { readonly type: 'failed'; readonly error: unknown }

export type RestoreEffect =
  | { readonly type: 'askAddress' }
  | { readonly type: 'askKnownServers' }
  | { readonly type: 'searchByKey'; readonly found: IdentityDocument | null }
  | { readonly type: 'publish'; readonly found: IdentityDocument }
  | { readonly type: 'announce'; readonly document: IdentityDocument }

type Answered = Extract<RestoreEvent, { type: 'answered' }>

/** What the context becomes with this answer. */
function heard(context: RestoreContext, { answer }: Answered): RestoreContext {
  const isNewer = answer.document !== null && answer.document.revision > (context.found?.revision ?? -1)
  return {
    ...context,
    ...(isNewer ? { found: answer.document, foundBy: answer.by } : {}),
    otherKey: context.otherKey ?? answer.otherKey,
    someSilent: context.someSilent || answer.someSilent,
  }
}

function found(context: RestoreContext, event: Answered): boolean {
  return heard(context, event).found !== null
}

function foundThere(_context: RestoreContext, { answer }: Answered): boolean {
  return answer.document !== null
}

function notFound(context: RestoreContext, event: Answered): RestoreContext {
  const after = heard(context, event)
  if (after.otherKey !== null) return { ...after, failure: { code: 'IdentityKeyChanged' } }
  return { ...after, failure: { code: after.someSilent ? 'Timeout' : 'NotFound' } }
}

function isKept({ isPublished }: RestoreContext, { kept }: Extract<RestoreEvent, { type: 'announced' }>): boolean {
  return isPublished || kept
}

function askAddress(): RestoreEffect[] {
  return [{ type: 'askAddress' }]
}

function askKnownServers(): RestoreEffect[] {
  return [{ type: 'askKnownServers' }]
}

function searchByKey(context: RestoreContext): RestoreEffect[] {
  return [{ type: 'searchByKey', found: context.found }]
}

function publishJoined(context: RestoreContext): RestoreEffect[] {
  return context.found === null ? [] : [{ type: 'publish', found: context.found }]
}

function announce(
  _context: RestoreContext,
  { document }: Extract<RestoreEvent, { type: 'published' }>,
): RestoreEffect[] {
  return [{ type: 'announce', document }]
}

function broke(context: RestoreContext, { error }: Extract<RestoreEvent, { type: 'failed' }>): RestoreContext {
  return { ...context, failure: { error } }
}

/**
 * Restore of an identity from its master key: ask the address that the user remembers, then the known ID-servers for the
 * same name, and in any case whoever can look up by key, because a server may show an old document. The newest one gets
 * this device, goes to its ID-servers as far as they live, and is announced by key; one of the two must hold it.
 */
export const restoreTable: Table<RestoreState, RestoreContext, RestoreEvent, RestoreEffect> = {
  idle: { start: [{ to: 'asking', effects: askAddress }] },
  asking: {
    answered: [
      { to: 'searching', when: foundThere, update: heard, effects: searchByKey },
      { to: 'askingOthers', update: heard, effects: askKnownServers },
    ],
    failed: [{ to: 'failed', update: broke }],
  },
  askingOthers: {
    answered: [{ to: 'searching', update: heard, effects: searchByKey }],
    failed: [{ to: 'failed', update: broke }],
  },
  searching: {
    answered: [
      { to: 'publishing', when: found, update: heard, effects: publishJoined },
      { to: 'failed', update: notFound },
    ],
    failed: [{ to: 'failed', update: broke }],
  },
  publishing: {
    published: [
      {
        to: 'announcing',
        update: (context, { taken }) => ({ ...context, isPublished: taken }),
        effects: announce,
      },
    ],
    failed: [{ to: 'failed', update: broke }],
  },
  announcing: {
    announced: [
      { to: 'done', when: isKept },
      { to: 'failed', update: (context) => ({ ...context, failure: { code: 'Timeout' } }) },
    ],
    failed: [{ to: 'failed', update: broke }],
  },
  done: {},
  failed: {},
}
