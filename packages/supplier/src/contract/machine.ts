import type { MachineDiagram, Snapshot, Table } from '@bitdust/machine'

/**
 * `none`: nothing granted · `signing`: the first contract is being signed and booked · `active`: the customer may write ·
 * `renewing`: as active, while another contract is being signed · `ended`: the contract is over, data stays readable ·
 * `overdue`: also the grace is over, once seen · `dropping`: all of it is being removed · `leftover`: removing it failed.
 */
export type ContractState = 'none' | 'signing' | 'active' | 'renewing' | 'ended' | 'overdue' | 'dropping' | 'leftover'

/** What the machine remembers of one customer. */
export interface ContractContext {
  /** End of the contract in ms since the Unix epoch. */
  readonly until: number
  /** Monotonic time in ms when the grace was first seen to be over. */
  readonly overdueSince: number
}

/** What happens to a contract. */
export type ContractEvent =
  | {
      readonly type: 'asked'
      /** Bytes wanted. */
      readonly bytes: number
      /** Bytes that could be granted, those of the contract in force included. */
      readonly room: number
    }
  | { readonly type: 'booked'; readonly until: number }
  | { readonly type: 'failed' }
  | { readonly type: 'ticked'; readonly time: ContractTime }
  | { readonly type: 'cancelled' }
  | { readonly type: 'dropped' }

/** A look at the clock, and the rules that depend on it. Ms. */
export interface ContractTime {
  /** Since the Unix epoch. */
  readonly now: number
  readonly monotonic: number
  readonly graceMs: number
  /** How far apart two observations are after which data may go. */
  readonly overdueMs: number
}

/** What the shell has to do. */
export type ContractEffect = 'sign' | 'accept' | 'refuse' | 'fail' | 'drop'

type Asked = Extract<ContractEvent, { type: 'asked' }>
type Booked = Extract<ContractEvent, { type: 'booked' }>
type Ticked = Extract<ContractEvent, { type: 'ticked' }>

const fits = (_: ContractContext, { bytes, room }: Asked) => bytes <= room
const isOver = ({ until }: ContractContext, { time }: Ticked) => time.now >= until
const isRunning = ({ until }: ContractContext, { time }: Ticked) => time.now < until
const graceIsOver = ({ until }: ContractContext, { time }: Ticked) => time.now >= until + time.graceMs
const graceIsOn = ({ until }: ContractContext, { time }: Ticked) => time.now < until + time.graceMs
const seenTwice = (context: ContractContext, event: Ticked) =>
  graceIsOver(context, event) && event.time.monotonic >= context.overdueSince + event.time.overdueMs
const setUntil = (context: ContractContext, { until }: Booked) => ({ ...context, until })
const setOverdue = (context: ContractContext, { time }: Ticked) => ({ ...context, overdueSince: time.monotonic })

const sign = (): readonly ContractEffect[] => ['sign']
const accept = (): readonly ContractEffect[] => ['accept']
const refuse = (): readonly ContractEffect[] => ['refuse']
const fail = (): readonly ContractEffect[] => ['fail']
const drop = (): readonly ContractEffect[] => ['drop']

/** A renewal that is refused or fails leaves the old grant as it was; a clock that jumps drops nothing by itself. */
export const contractTable: Table<ContractState, ContractContext, ContractEvent, ContractEffect> = {
  none: {
    asked: [
      { to: 'signing', when: fits, effects: sign },
      { to: 'none', effects: refuse },
    ],
  },
  signing: {
    booked: [{ to: 'active', update: setUntil, effects: accept }],
    failed: [{ to: 'none', effects: fail }],
  },
  active: {
    asked: [
      { to: 'renewing', when: fits, effects: sign },
      { to: 'active', effects: refuse },
    ],
    ticked: [{ to: 'ended', when: isOver }],
    cancelled: [{ to: 'dropping', effects: drop }],
  },
  renewing: {
    booked: [{ to: 'active', update: setUntil, effects: accept }],
    failed: [{ to: 'active', effects: fail }],
  },
  ended: {
    asked: [
      { to: 'renewing', when: fits, effects: sign },
      { to: 'ended', effects: refuse },
    ],
    ticked: [
      { to: 'active', when: isRunning },
      { to: 'overdue', when: graceIsOver, update: setOverdue },
    ],
    cancelled: [{ to: 'dropping', effects: drop }],
  },
  overdue: {
    asked: [
      { to: 'renewing', when: fits, effects: sign },
      { to: 'overdue', effects: refuse },
    ],
    ticked: [
      { to: 'ended', when: graceIsOn },
      { to: 'dropping', when: seenTwice, effects: drop },
    ],
    cancelled: [{ to: 'dropping', effects: drop }],
  },
  dropping: {
    asked: [{ to: 'dropping', effects: refuse }],
    dropped: [{ to: 'none' }],
    failed: [{ to: 'leftover' }],
  },
  leftover: {
    asked: [{ to: 'leftover', effects: refuse }],
    ticked: [{ to: 'dropping', effects: drop }],
    cancelled: [{ to: 'dropping', effects: drop }],
  },
}

/** Where the machine of somebody new starts. */
export const NO_CONTRACT: Snapshot<ContractState, ContractContext> = {
  state: 'none',
  context: { until: 0, overdueSince: 0 },
}

/** The machines of this package, for the diagrams of the documents. */
export const machines: readonly MachineDiagram[] = [
  { name: 'contract', table: contractTable, initial: NO_CONTRACT.state },
]
