import type { PeerRef } from '@bitdust/identity'
import type { Arrow, Snapshot, Table } from '@bitdust/machine'

/** The five steps of the documents ("Audit access"), in their order. */
export type GrantStep = 'checking-online' | 'auditing-master' | 'publishing' | 'sending-key' | 'sending-list'

/** Where a grant is. */
export type GrantState = 'ready' | GrantStep | 'done' | 'failed'

/** What the machine remembers. */
export interface GrantContext {
  /** Devices of the recipient. */
  readonly devices: readonly PeerRef[]
  /** The one that proved his master key, and gets the rest. */
  readonly recipient: PeerRef | null
  /** Whether the recipient has opened the share. */
  readonly opened: boolean
  /** What ended it. */
  readonly failure: { readonly step: GrantStep; readonly error: unknown } | null
}

export type GrantEvent =
  | { readonly type: 'begin' }
  /** At least one device of the recipient answers. */
  | { readonly type: 'online'; readonly devices: readonly PeerRef[] }
  | { readonly type: 'audited'; readonly recipient: PeerRef }
  /** Public part and member list are at enough suppliers. */
  | { readonly type: 'published' }
  | { readonly type: 'keyStored' }
  | { readonly type: 'listTaken'; readonly opened: boolean }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'timedOut' }

export type GrantEffect =
  | { readonly type: 'check' }
  | { readonly type: 'audit'; readonly devices: readonly PeerRef[] }
  | { readonly type: 'publish' }
  | { readonly type: 'sendKey'; readonly recipient: PeerRef }
  | { readonly type: 'sendList'; readonly recipient: PeerRef }

type GrantArrow<T extends GrantEvent['type']> = Arrow<
  GrantState,
  GrantContext,
  Extract<GrantEvent, { type: T }>,
  GrantEffect
>

const check = (): GrantEffect[] => [{ type: 'check' }]
const audit = ({ devices }: GrantContext): GrantEffect[] => [{ type: 'audit', devices }]
const publish = (): GrantEffect[] => [{ type: 'publish' }]
const sendKey = ({ recipient }: GrantContext): GrantEffect[] =>
  recipient === null ? [] : [{ type: 'sendKey', recipient }]
const sendList = ({ recipient }: GrantContext): GrantEffect[] =>
  recipient === null ? [] : [{ type: 'sendList', recipient }]

const takeDevices = (context: GrantContext, { devices }: Extract<GrantEvent, { type: 'online' }>): GrantContext => ({
  ...context,
  devices,
})
const takeRecipient = (
  context: GrantContext,
  { recipient }: Extract<GrantEvent, { type: 'audited' }>,
): GrantContext => ({ ...context, recipient })
const takeOpened = (context: GrantContext, { opened }: Extract<GrantEvent, { type: 'listTaken' }>): GrantContext => ({
  ...context,
  opened,
})

/** The ways out of a step that end the grant. Nothing is undone: a member without the key can do nothing. */
function endings(step: GrantStep): {
  readonly failed: readonly GrantArrow<'failed'>[]
  readonly timedOut: readonly GrantArrow<'timedOut'>[]
} {
  const takeError = (context: GrantContext, { error }: Extract<GrantEvent, { type: 'failed' }>): GrantContext => ({
    ...context,
    failure: { step, error },
  })
  const takeSilence = (context: GrantContext): GrantContext => ({ ...context, failure: { step, error: null } })
  return { failed: [{ to: 'failed', update: takeError }], timedOut: [{ to: 'failed', update: takeSilence }] }
}

/** How a share key is handed to somebody. */
export const shareGrantTable: Table<GrantState, GrantContext, GrantEvent, GrantEffect> = {
  ready: { begin: [{ to: 'checking-online', effects: check }] },
  'checking-online': {
    online: [{ to: 'auditing-master', update: takeDevices, effects: audit }],
    ...endings('checking-online'),
  },
  'auditing-master': {
    audited: [{ to: 'publishing', update: takeRecipient, effects: publish }],
    ...endings('auditing-master'),
  },
  publishing: { published: [{ to: 'sending-key', effects: sendKey }], ...endings('publishing') },
  'sending-key': { keyStored: [{ to: 'sending-list', effects: sendList }], ...endings('sending-key') },
  'sending-list': { listTaken: [{ to: 'done', update: takeOpened }], ...endings('sending-list') },
  done: {},
  failed: {},
}

/** Where the machine starts. */
export const shareGrantStart: Snapshot<GrantState, GrantContext> = {
  state: 'ready',
  context: { devices: [], recipient: null, opened: false, failure: null },
}
