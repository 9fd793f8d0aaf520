import { type Snapshot, transition } from '@bitdust/machine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ContractContext,
  type ContractEvent,
  type ContractState,
  contractTable,
  NO_CONTRACT,
} from '../src/contract/machine.ts'

const DAY_MS = 86_400_000
const rules = { graceMs: 90 * DAY_MS, overdueMs: DAY_MS }

/** Runs events; gives the last state and all effects. */
function run(events: readonly ContractEvent[], from: Snapshot<ContractState, ContractContext> = NO_CONTRACT) {
  let snapshot = from
  const effects: string[] = []
  for (const event of events) {
    const [next, raised] = transition(contractTable, snapshot, event)
    snapshot = next
    effects.push(...raised)
  }
  return { ...snapshot, effects }
}

const asked = (bytes: number, room: number): ContractEvent => ({ type: 'asked', bytes, room })
const booked = (until: number): ContractEvent => ({ type: 'booked', until })
const ticked = (now: number, monotonic = now): ContractEvent => ({ type: 'ticked', time: { now, monotonic, ...rules } })

test('the usual life: asked, signed, ended, overdue, dropped', () => {
  const life = [asked(10, 10), booked(100), ticked(99), ticked(100), ticked(100 + rules.graceMs)]
  expect(run(life)).toMatchObject({ state: 'overdue', effects: ['sign', 'accept'] })
  const later = ticked(100 + rules.graceMs + rules.overdueMs)
  expect(run([...life, later])).toMatchObject({ state: 'dropping', effects: ['sign', 'accept', 'drop'] })
  expect(run([...life, later, { type: 'dropped' }]).state).toBe('none')
})

test('what does not fit is refused; a renewal that is refused or fails leaves the old contract', () => {
  expect(run([asked(11, 10)])).toMatchObject({ state: 'none', effects: ['refuse'] })
  const active = [asked(10, 10), booked(100)]
  expect(run([...active, asked(11, 10)])).toMatchObject({ state: 'active', context: { until: 100 } })
  expect(run([...active, asked(9, 10), { type: 'failed' }])).toMatchObject({ state: 'active', context: { until: 100 } })
  expect(run([...active, asked(9, 10), booked(200)])).toMatchObject({ state: 'active', context: { until: 200 } })
})

test('whatever else happens, data is dropped only when cancelled, or seen overdue twice a day apart', () => {
  const event = fc.oneof(
    fc.record({ type: fc.constant('asked' as const), bytes: fc.nat(20), room: fc.nat(20) }),
    fc.record({ type: fc.constant('booked' as const), until: fc.nat(200 * DAY_MS) }),
    fc.constant({ type: 'failed' as const }),
    // A clock that goes anywhere, within a day of the monotonic one.
    fc.nat(4000 * DAY_MS).map((now) => ticked(now, now % DAY_MS)),
    fc.constant({ type: 'dropped' as const }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      expect(run(events).effects).not.toContain('drop')
    }),
  )
})

test('every question is answered, in every state that takes questions', () => {
  for (const state of Object.keys(contractTable) as ContractState[]) {
    if (state === 'signing' || state === 'renewing') continue
    const { effects } = run([asked(1, 1)], { state, context: NO_CONTRACT.context })
    expect([state, effects.length]).toEqual([state, 1])
  }
})
