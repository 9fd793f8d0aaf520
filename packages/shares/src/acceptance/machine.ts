import type { Arrow, Snapshot, Table } from '@bitdust/machine'
import type { OpenedGrant } from './open-grant.ts'

/** Where the acceptance of a grant is. */
export type AcceptanceState = 'received' | 'verified' | 'stored' | 'waiting' | 'located' | 'ready' | 'refused'

/** What the machine remembers. */
export interface AcceptanceContext {
  /** Null until it is verified. */
  readonly grant: OpenedGrant | null
  /** Whether a crash would not lose it any more. */
  readonly remembered: boolean
  /** Attempts to open the share at its suppliers that failed. */
  readonly attempts: number
  /** Why it was refused. */
  readonly error: unknown
}

export type AcceptanceEvent =
  | { readonly type: 'arrived' }
  | { readonly type: 'verified'; readonly grant: OpenedGrant }
  /** It is in the books. */
  | { readonly type: 'remembered' }
  /** The key is in the key ring. */
  | { readonly type: 'stored' }
  /** The suppliers let us in. */
  | { readonly type: 'located' }
  /** They did not, this time. */
  | { readonly type: 'failed' }
  | { readonly type: 'retry' }
  | { readonly type: 'finished' }
  /** The grant, or the share, is not for us to have. */
  | { readonly type: 'refused'; readonly error: unknown }

export type AcceptanceEffect =
  | { readonly type: 'verify' }
  | { readonly type: 'remember'; readonly grant: OpenedGrant }
  | { readonly type: 'store'; readonly grant: OpenedGrant }
  | { readonly type: 'locate'; readonly grant: OpenedGrant }
  /** Takes it out of the books: there is nothing left to do. */
  | { readonly type: 'finish'; readonly grant: OpenedGrant }
  | { readonly type: 'announce'; readonly grant: OpenedGrant }
  /** Takes it out of the books: it was all in vain. */
  | { readonly type: 'forget'; readonly grant: OpenedGrant }

type AcceptanceArrow<T extends AcceptanceEvent['type']> = Arrow<
  AcceptanceState,
  AcceptanceContext,
  Extract<AcceptanceEvent, { type: T }>,
  AcceptanceEffect
>

/** An effect about the grant. */
function about(type: Exclude<AcceptanceEffect['type'], 'verify'>) {
  return ({ grant }: AcceptanceContext): AcceptanceEffect[] => (grant === null ? [] : [{ type, grant }])
}

const verify = (): AcceptanceEffect[] => [{ type: 'verify' }]
const remember = about('remember')
const store = about('store')
const locate = about('locate')
const finish = about('finish')
const announce = about('announce')
const forget = about('forget')

const takeGrant = (
  context: AcceptanceContext,
  { grant }: Extract<AcceptanceEvent, { type: 'verified' }>,
): AcceptanceContext => ({ ...context, grant })
const noteRemembered = (context: AcceptanceContext): AcceptanceContext => ({ ...context, remembered: true })
const takeError = (
  context: AcceptanceContext,
  { error }: Extract<AcceptanceEvent, { type: 'refused' }>,
): AcceptanceContext => ({ ...context, error })
const countAttempt = (context: AcceptanceContext): AcceptanceContext => ({
  ...context,
  attempts: context.attempts + 1,
})

const isRemembered = ({ remembered }: AcceptanceContext): boolean => remembered

const refusing: readonly AcceptanceArrow<'refused'>[] = [
  { to: 'refused', when: isRemembered, update: takeError, effects: forget },
  // What the books hold under its name is another grant's.
  { to: 'refused', update: takeError },
]

/** How a share key that was given to us becomes a share that we can use. */
export const shareAcceptanceTable: Table<AcceptanceState, AcceptanceContext, AcceptanceEvent, AcceptanceEffect> = {
  received: {
    arrived: [{ to: 'received', effects: verify }],
    verified: [{ to: 'verified', update: takeGrant, effects: remember }],
    refused: [{ to: 'refused', update: takeError }],
  },
  // Also where it goes on after a crash.
  verified: {
    remembered: [{ to: 'verified', update: noteRemembered, effects: store }],
    stored: [{ to: 'stored', effects: locate }],
    refused: refusing,
  },
  stored: {
    located: [{ to: 'located', effects: finish }],
    failed: [{ to: 'waiting', update: countAttempt }],
    refused: refusing,
  },
  waiting: { retry: [{ to: 'stored', effects: locate }] },
  located: { finished: [{ to: 'ready', effects: announce }] },
  ready: {},
  refused: {},
}

/** Where the machine starts. */
export const shareAcceptanceStart: Snapshot<AcceptanceState, AcceptanceContext> = {
  state: 'received',
  context: { grant: null, remembered: false, attempts: 0, error: null },
}
