import { type Snapshot, toMermaid, transition } from '@bitdust/machine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type HireContext,
  type HireEvent,
  type HireState,
  hireFireStart,
  hireFireTable,
} from '../src/family/hire-machine.ts'
import { type LinkEvent, supplierLinkStart, supplierLinkTable } from '../src/family/link-machine.ts'
import type { FamilyPlan } from '../src/family/plan.ts'
import { machines } from '../src/machines.ts'
import { type RepairEvent, repairStart, repairTable } from '../src/repair/machine.ts'

const answer = { free: 1, used: 0, granted: 1, familyRevision: null }
const linkEvents: readonly LinkEvent[] = [
  { type: 'ask' },
  { type: 'accepted', answer },
  { type: 'rejected' },
  { type: 'failed' },
  { type: 'leave' },
  { type: 'cancelled' },
  { type: 'shutdown' },
]

function follow(events: readonly LinkEvent[]) {
  let snapshot = supplierLinkStart
  const effects: string[] = []
  for (const event of events) {
    const [next, done] = transition(supplierLinkTable, snapshot, event)
    snapshot = next
    effects.push(...done.map(({ type }) => type))
  }
  return { ...snapshot, effects }
}

describe('supplier-link', () => {
  it('asks, is answered, asks again', () => {
    const link = follow([{ type: 'ask' }, { type: 'accepted', answer }, { type: 'ask' }, { type: 'failed' }])
    expect(link).toMatchObject({ state: 'unreachable', context: { answer, trouble: 'unreachable' } })
    expect(link.effects).toEqual(['ping', 'report', 'ping', 'report'])
  })

  it('remembers the wish to leave until the answer is there', () => {
    const link = follow([{ type: 'ask' }, { type: 'leave' }, { type: 'accepted', answer }])
    expect(link).toMatchObject({ state: 'leaving' })
    expect(link.effects).toEqual(['ping', 'cancel'])
    expect(follow([{ type: 'ask' }, { type: 'leave' }, { type: 'failed' }]).state).toBe('closed')
  })

  it('stays closed whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...linkEvents)), fc.array(fc.constantFrom(...linkEvents)), (a, b) => {
        const closed = follow([...a, { type: 'shutdown' }])
        expect(closed.state).toBe('closed')
        expect(follow([...a, { type: 'shutdown' }, ...b])).toEqual(closed)
      }),
    )
  })
})

const plan: FamilyPlan = {
  n: 4,
  bytesEach: 1,
  replace: [0],
  renew: [],
  automatic: false,
  hired: [],
  asked: [],
  next: null,
}
const signed: FamilyPlan = { ...plan, next: new Uint8Array(1) }
const error = new Error('no')
const hireEvents: readonly HireEvent[] = [
  { type: 'check' },
  { type: 'healthy' },
  { type: 'wanted', plan, ticket: 1 },
  { type: 'wanted', plan: { ...plan, automatic: true }, ticket: 0 },
  { type: 'found', offers: [] },
  { type: 'contracted', plan: signed },
  { type: 'announced' },
  { type: 'copied' },
  { type: 'rebuilt' },
  { type: 'failed', error, final: false },
  { type: 'abandoned' },
  { type: 'retry' },
]

function hire(events: readonly HireEvent[], from: Snapshot<HireState, HireContext> = hireFireStart) {
  return events.reduce((snapshot, event) => transition(hireFireTable, snapshot, event)[0], from)
}

describe('hire-fire', () => {
  it('goes the whole way', () => {
    const end = hire([
      { type: 'wanted', plan, ticket: 1 },
      { type: 'found', offers: [] },
      { type: 'contracted', plan: signed },
      { type: 'announced' },
      { type: 'copied' },
    ])
    expect(end).toMatchObject({ state: 'rebuilding', context: { plan: null, rebuildOwed: true } })
    expect(hire([{ type: 'rebuilt' }], end)).toMatchObject({ state: 'ready', context: { rebuildOwed: false } })
  })

  it('gives up what a user wanted, and tries again what it wants itself', () => {
    const failed: HireEvent = { type: 'failed', error, final: false }
    expect(hire([{ type: 'wanted', plan, ticket: 1 }, failed]).state).toBe('abandoning')
    const automatic: HireEvent = { type: 'wanted', plan: { ...plan, automatic: true }, ticket: 0 }
    expect(hire([automatic, failed])).toMatchObject({ state: 'waiting', context: { failures: 1 } })
    expect(hire([automatic, failed, { type: 'retry' }]).state).toBe('deciding')
  })

  it('never loses a signed plan before it is in force, unless another one is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...hireEvents), { maxLength: 60 }), (events) => {
        let snapshot = hireFireStart
        for (const event of events) {
          const next = hire([event], snapshot)
          if (snapshot.context.plan?.next != null && next.context.plan?.next == null) {
            expect(snapshot.state).toBe('copying')
            expect(event.type).toBe('copied')
          }
          snapshot = next
        }
      }),
    )
    const announcing = hire([{ type: 'wanted', plan: signed, ticket: 0 }])
    expect(announcing.state).toBe('announcing')
    expect(hire([{ type: 'failed', error, final: true }], announcing).state).toBe('abandoning')
  })
})

describe('repair', () => {
  it('is followed by another run when something changed meanwhile, and by none when nothing did', () => {
    const run = (events: readonly RepairEvent['type'][]) =>
      events.reduce((snapshot, type) => transition(repairTable, snapshot, { type })[0], repairStart).state
    expect(run(['due', 'updated', 'surveyed', 'rebuilt'])).toBe('off')
    expect(run(['start', 'updated', 'surveyed', 'rebuilt'])).toBe('idle')
    expect(run(['due', 'updated', 'due', 'surveyed', 'rebuilt'])).toBe('updating')
    expect(run(['due', 'updated', 'start', 'failed'])).toBe('idle')
    expect(run(['due', 'updated', 'due', 'surveyed', 'rebuilt', 'updated', 'surveyed', 'rebuilt'])).toBe('off')
  })
})

describe('diagrams', () => {
  it.each(machines)('$name can be drawn', ({ name, table, initial }) => {
    expect(toMermaid(name, table, initial)).toContain('stateDiagram-v2')
  })
})
