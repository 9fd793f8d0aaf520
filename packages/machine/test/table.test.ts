import fc from 'fast-check'
import { expect, test } from 'vitest'
import { transition } from '../src/index.ts'
import { closed, door, type Event } from './door.ts'

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constantFrom('push' as const, 'pull' as const, 'wall' as const) }),
  fc.record({ type: fc.constant('turn' as const), code: fc.integer({ min: 6, max: 8 }) }),
)
const run = (events: readonly Event[], from = closed) =>
  events.reduce((snapshot, event) => transition(door, snapshot, event)[0], from)

test('takes the arrow of the event, updates the context and asks for effects with the new context', () => {
  const [next, effects] = transition(door, closed, { type: 'push' })
  expect(next).toEqual({ state: 'open', context: { code: 7, pushes: 1 } })
  expect(effects).toEqual([{ type: 'ring' }, { type: 'tell', text: 'push 1' }])
})

test('asks the guards in order', () => {
  expect(run([{ type: 'turn', code: 7 }]).state).toBe('locked')
  const [next, effects] = transition(door, closed, { type: 'turn', code: 8 })
  expect(next.state).toBe('closed')
  expect(effects).toEqual([{ type: 'ring' }])
})

test('an event without an arrow gives back the same snapshot', () => {
  const [next, effects] = transition(door, closed, { type: 'pull' })
  expect(next).toBe(closed)
  expect(effects).toEqual([])
})

test('a guard that holds for no arrow gives back the same snapshot', () => {
  const locked = { ...closed, state: 'locked' as const }
  expect(transition(door, locked, { type: 'turn', code: 1 })[0]).toBe(locked)
})

test('an event type that every object inherits is no arrow', () => {
  const hostile = JSON.parse('{"type":"constructor"}') as Event
  expect(transition(door, closed, hostile)[0]).toBe(closed)
})

test('law: a final state is never left, and the snapshot given is never changed', () => {
  fc.assert(
    fc.property(fc.array(anyEvent), fc.array(anyEvent), (before, after) => {
      const start = Object.freeze({ state: closed.state, context: Object.freeze({ ...closed.context }) })
      expect(
        run([...before, { type: 'pull' }, { type: 'turn', code: 7 }, { type: 'wall' }, ...after], start).state,
      ).toBe('walled up')
    }),
  )
})

test('law: a run is its parts one after the other', () => {
  fc.assert(
    fc.property(fc.array(anyEvent), fc.array(anyEvent), (first, second) => {
      expect(run([...first, ...second])).toEqual(run(second, run(first)))
    }),
  )
})
