import type { Arrow, Snapshot, Table } from '@bitdust/machine'
import type { SupplierState } from '../ports.ts'

/** Where the link to one supplier is. */
export type LinkMachineState =
  | 'idle'
  | 'requesting'
  | 'connected'
  | 'checking'
  | 'refused'
  | 'unreachable'
  | 'leaving'
  | 'closed'

/** What a link remembers. */
export interface LinkContext {
  /** Somebody wanted to leave while an answer was awaited. */
  readonly leave: boolean
  /** The supplier's last answer; null before the first. */
  readonly answer: SupplierState | null
  /** How the question before ended, when it did not end well. */
  readonly trouble: 'refused' | 'unreachable' | null
}

export type LinkEvent =
  | { readonly type: 'ask' }
  | { readonly type: 'accepted'; readonly answer: SupplierState }
  | { readonly type: 'rejected' }
  | { readonly type: 'failed' }
  | { readonly type: 'leave' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'shutdown' }

export type LinkEffect = { readonly type: 'ping' } | { readonly type: 'cancel' } | { readonly type: 'report' }

type LinkArrow<T extends LinkEvent['type']> = Arrow<
  LinkMachineState,
  LinkContext,
  Extract<LinkEvent, { type: T }>,
  LinkEffect
>

const ping = (): LinkEffect[] => [{ type: 'ping' }]
const cancel = (): LinkEffect[] => [{ type: 'cancel' }]
const report = (): LinkEffect[] => [{ type: 'report' }]
const leaveAsked = (context: LinkContext): boolean => context.leave
const rememberLeave = (context: LinkContext): LinkContext => ({ ...context, leave: true })
const refusedNow = (context: LinkContext): LinkContext => ({ ...context, trouble: 'refused' })
const unreachableNow = (context: LinkContext): LinkContext => ({ ...context, trouble: 'unreachable' })
const answeredNow = (context: LinkContext, { answer }: Extract<LinkEvent, { type: 'accepted' }>): LinkContext => ({
  ...context,
  answer,
  trouble: null,
})

const closing: readonly LinkArrow<'shutdown'>[] = [{ to: 'closed' }]
const leaving: readonly LinkArrow<'leave'>[] = [{ to: 'leaving', effects: cancel }]

/** Answers mean the same whether it was the first question or a later one. */
const answers = {
  accepted: [
    { to: 'leaving', when: leaveAsked, update: answeredNow, effects: cancel },
    { to: 'connected', update: answeredNow, effects: report },
  ] satisfies LinkArrow<'accepted'>[],
  rejected: [
    { to: 'closed', when: leaveAsked },
    { to: 'refused', update: refusedNow, effects: report },
  ] satisfies LinkArrow<'rejected'>[],
  failed: [
    // Who cannot be reached cannot be told that we leave; his contract ends by itself.
    { to: 'closed', when: leaveAsked },
    { to: 'unreachable', update: unreachableNow, effects: report },
  ] satisfies LinkArrow<'failed'>[],
  shutdown: closing,
}

/** The way to one supplier: asked from time to time, left when he is replaced. */
export const supplierLinkTable: Table<LinkMachineState, LinkContext, LinkEvent, LinkEffect> = {
  idle: { ask: [{ to: 'requesting', effects: ping }], leave: leaving, shutdown: closing },
  requesting: { ...answers, leave: [{ to: 'requesting', update: rememberLeave }] },
  connected: { ask: [{ to: 'checking', effects: ping }], leave: leaving, shutdown: closing },
  checking: { ...answers, leave: [{ to: 'checking', update: rememberLeave }] },
  refused: { ask: [{ to: 'requesting', effects: ping }], leave: leaving, shutdown: closing },
  unreachable: { ask: [{ to: 'requesting', effects: ping }], leave: leaving, shutdown: closing },
  leaving: { cancelled: [{ to: 'closed' }], failed: [{ to: 'closed' }], shutdown: closing },
  closed: {},
}

/** Where every link starts. */
export const supplierLinkStart: Snapshot<LinkMachineState, LinkContext> = {
  state: 'idle',
  context: { leave: false, answer: null, trouble: null },
}
