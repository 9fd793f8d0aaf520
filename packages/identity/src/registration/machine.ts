import type { Table } from '@bitdust/machine'
import type { IdentityErrorCode } from '../errors.ts'
import type { IdServerAddress } from '../names/id-server.ts'

export type RegistrationState = 'idle' | 'choosing' | 'publishing' | 'confirming' | 'waiting' | 'done' | 'failed'

/** What a server answered when asked for the name. */
export interface RegistrationAnswer {
  readonly server: IdServerAddress
  readonly is: 'usable' | 'taken' | 'dead'
  /** Highest revision of our own document seen there; -1 for none. */
  readonly revision: number
}

export interface RegistrationContext {
  /** How many servers shall hold the identity. */
  readonly wanted: number
  /** Servers not asked yet, most wanted first. */
  readonly candidates: readonly IdServerAddress[]
  /** Servers that answer and hold the name for nobody else. */
  readonly usable: readonly IdServerAddress[]
  /** Whether some server gave the name to another key. */
  readonly nameTaken: boolean
  /** Highest revision of our own document seen or written so far; -1 for none. */
  readonly revision: number
  /** How often the published document was looked for in vain. */
  readonly misses: number
  readonly failure?: Extract<IdentityErrorCode, 'IdentityNameTaken' | 'Timeout'>
}

export type RegistrationEvent =
  | { readonly type: 'start' }
  | { readonly type: 'answered'; readonly answers: readonly RegistrationAnswer[] }
  | { readonly type: 'published'; readonly answers: readonly RegistrationAnswer[] }
  | { readonly type: 'confirmed' }
  | { readonly type: 'unconfirmed' }
  | { readonly type: 'waited' }

export type RegistrationEffect =
  | { readonly type: 'ask'; readonly servers: readonly IdServerAddress[] }
  | { readonly type: 'publish'; readonly servers: readonly IdServerAddress[]; readonly revision: number }
  | { readonly type: 'confirm' }

type Answers = { readonly answers: readonly RegistrationAnswer[] }

/** How often the document is looked for after it was published, before giving up. */
const MAX_MISSES = 3

/** What the context becomes with these answers. */
function heard(context: RegistrationContext, { answers }: Answers): RegistrationContext {
  const asked = new Set(answers.map(({ server }) => server))
  const usable = answers.filter(({ is }) => is === 'usable').map(({ server }) => server)
  return {
    ...context,
    candidates: context.candidates.filter((server) => !asked.has(server)),
    usable: [...context.usable.filter((server) => !asked.has(server)), ...usable],
    nameTaken: context.nameTaken || answers.some(({ is }) => is === 'taken'),
    revision: Math.max(context.revision, ...answers.map(({ revision }) => revision)),
  }
}

function enough(context: RegistrationContext, event: Answers): boolean {
  const { usable, wanted } = heard(context, event)
  return usable.length >= wanted
}

function moreToAsk(context: RegistrationContext, event: Answers): boolean {
  return heard(context, event).candidates.length > 0
}

function some(context: RegistrationContext, event: Answers): boolean {
  return heard(context, event).usable.length > 0
}

function allTook(_context: RegistrationContext, { answers }: Answers): boolean {
  return answers.every(({ is }) => is === 'usable')
}

function fail(context: RegistrationContext, event: Answers): RegistrationContext {
  const after = heard(context, event)
  return { ...after, failure: after.nameTaken ? 'IdentityNameTaken' : 'Timeout' }
}

function ask({ candidates, usable, wanted }: RegistrationContext): RegistrationEffect[] {
  return [{ type: 'ask', servers: candidates.slice(0, wanted - usable.length) }]
}

function publish({ usable, revision }: RegistrationContext): RegistrationEffect[] {
  return [{ type: 'publish', servers: usable, revision: revision + 1 }]
}

function confirm(): RegistrationEffect[] {
  return [{ type: 'confirm' }]
}

function triesLeft({ misses }: RegistrationContext): boolean {
  return misses + 1 < MAX_MISSES
}

/**
 * Registration of an identity: choose servers where the name is free (or already ours), publish to them, see that one of
 * them serves it. A server that refuses at the last moment is replaced, and the list signed anew under the next revision.
 */
export const registrationTable: Table<RegistrationState, RegistrationContext, RegistrationEvent, RegistrationEffect> = {
  idle: {
    start: [
      { to: 'choosing', when: anyCandidate, effects: ask },
      { to: 'failed', update: (context) => ({ ...context, failure: 'Timeout' }) },
    ],
  },
  choosing: {
    answered: [
      { to: 'publishing', when: enough, update: heard, effects: publish },
      { to: 'choosing', when: moreToAsk, update: heard, effects: ask },
      { to: 'publishing', when: some, update: heard, effects: publish },
      { to: 'failed', update: fail },
    ],
  },
  publishing: {
    published: [
      { to: 'confirming', when: allTook, update: heard, effects: confirm },
      { to: 'choosing', when: moreToAsk, update: heard, effects: ask },
      { to: 'publishing', when: some, update: heard, effects: publish },
      { to: 'failed', update: fail },
    ],
  },
  confirming: {
    confirmed: [{ to: 'done' }],
    unconfirmed: [
      { to: 'waiting', when: triesLeft, update: (context) => ({ ...context, misses: context.misses + 1 }) },
      { to: 'failed', update: (context) => ({ ...context, failure: 'Timeout' }) },
    ],
  },
  waiting: { waited: [{ to: 'confirming', effects: confirm }] },
  done: {},
  failed: {},
}

function anyCandidate({ candidates }: RegistrationContext): boolean {
  return candidates.length > 0
}
