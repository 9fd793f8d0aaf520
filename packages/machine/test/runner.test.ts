import { afterEach, expect, test } from 'vitest'
import {
  createRunner,
  isMachineError,
  type RunnerOptions,
  STOP_LIMIT_MS,
  type Table,
  type Transition,
} from '../src/index.ts'
import { type Context, closed, door, type Effect, type Event, type State } from './door.ts'
import { manualClock } from './manual-clock.ts'

type Options = RunnerOptions<State, Context, Event, Effect>
const runners: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.stop()
})

function doorRunner(options: Partial<Options> = {}) {
  const clock = manualClock()
  const runner = createRunner<State, Context, Event, Effect>({
    name: 'door',
    table: door,
    initial: closed,
    perform: () => {},
    clock,
    ...options,
  })
  runners.push(runner)
  return { runner, clock }
}

/** A machine of two steps whose effects raise events themselves. */
type Ping = { readonly type: 'ping'; readonly left: number }
type Step = { readonly type: 'begin' | 'raise' | 'end'; readonly left: number }
const chain: Table<'idle', number, Ping, Step> = {
  idle: {
    ping: [
      {
        to: 'idle',
        update: (_, event) => event.left,
        effects: (left) => [
          { type: 'begin', left },
          { type: 'raise', left },
          { type: 'end', left },
        ],
      },
    ],
  },
}

test('stores the snapshot first, then performs the effects in order', () => {
  const seen: unknown[] = []
  const { runner } = doorRunner({ perform: (effect) => void seen.push([runner.snapshot.state, effect]) })
  runner.send({ type: 'push' })
  expect(seen).toEqual([
    ['open', { type: 'ring' }],
    ['open', { type: 'tell', text: 'push 1' }],
  ])
})

test('events raised by effects are queued until the effects of the arrow are done, never nested', () => {
  const seen: string[] = []
  const runner = createRunner<'idle', number, Ping, Step>({
    name: 'chain',
    table: chain,
    initial: { state: 'idle', context: 0 },
    clock: manualClock(),
    perform(effect, raise) {
      seen.push(`${effect.type} ${effect.left}`)
      if (effect.type === 'raise' && effect.left > 0) raise({ type: 'ping', left: effect.left - 1 })
    },
  })
  runner.send({ type: 'ping', left: 1 })
  expect(seen).toEqual(['begin 1', 'raise 1', 'end 1', 'begin 0', 'raise 0', 'end 0'])
})

test('an effect waits for the promise of the one before it; the next event does not', async () => {
  const seen: string[] = []
  const bell = Promise.withResolvers<void>()
  const { runner, clock } = doorRunner({
    perform(effect) {
      seen.push(`${effect.type} while ${runner.snapshot.state}`)
      return effect.type === 'ring' ? bell.promise : undefined
    },
  })
  runner.send({ type: 'push' })
  runner.send({ type: 'pull' })
  await clock.advance(0)
  expect(seen).toEqual(['ring while open'])
  bell.resolve()
  await clock.advance(0)
  expect(seen).toEqual(['ring while open', 'tell while closed'])
})

test('effects that wait for another are dropped by stop', async () => {
  const seen: string[] = []
  const { runner } = doorRunner({ perform: async (effect) => void seen.push(effect.type) })
  runner.send({ type: 'push' })
  await runner.stop()
  expect(seen).toEqual(['ring'])
})

test('an onError that throws reaches those who wait', async () => {
  const fail = () => {
    throw new Error('no log')
  }
  const { runner } = doorRunner({ perform: fail, onError: fail })
  runner.send({ type: 'push' })
  await expect(runner.settled('open')).rejects.toThrow('no log')
})

test('tells every arrow taken and nothing else', () => {
  const taken: Transition[] = []
  const { runner } = doorRunner({ onTransition: (transition) => taken.push(transition) })
  runner.send({ type: 'pull' })
  runner.send({ type: 'push' })
  runner.send({ type: 'push' })
  expect(taken).toEqual([
    { machine: 'door', from: 'closed', to: 'open', event: 'push', at: 1_000 },
    { machine: 'door', from: 'open', to: 'open', event: 'push', at: 1_000 },
  ])
})

test('settled resolves at once, or on entering one of the states', async () => {
  const { runner } = doorRunner()
  expect((await runner.settled('closed')).state).toBe('closed')
  const waiting = runner.settled('open', 'locked')
  runner.send({ type: 'turn', code: 7 })
  runner.send({ type: 'turn', code: 7 })
  expect((await waiting).state).toBe('locked')
})

test('settled with no state waits for a final one', async () => {
  const { runner } = doorRunner()
  const waiting = runner.settled()
  runner.send({ type: 'wall' })
  expect((await waiting).state).toBe('walled up')
})

test('settled rejects when the machine ends elsewhere, and when it stops', async () => {
  const { runner } = doorRunner()
  const elsewhere = runner.settled('open')
  runner.send({ type: 'wall' })
  await expect(elsewhere).rejects.toSatisfy((error) => isMachineError(error, 'Cancelled'))
  const other = doorRunner().runner
  const stopped = other.settled('open')
  await other.stop()
  await expect(stopped).rejects.toMatchObject({ name: 'MachineError', code: 'Cancelled', subject: 'door' })
  await expect(other.settled('open')).rejects.toThrow('door stopped as closed')
  expect((await other.settled('closed')).state).toBe('closed')
})

test.each([
  [
    'throws',
    () => {
      throw new Error('no bell')
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('no bell')
    },
  ],
])('an effect that %s rejects waiters, now and later, and ends the effects of its arrow', async (_, perform) => {
  let calls = 0
  const { runner, clock } = doorRunner({
    perform() {
      calls++
      return perform()
    },
  })
  const waiting = runner.settled('locked')
  runner.send({ type: 'push' })
  await expect(waiting).rejects.toThrow('no bell')
  await expect(runner.settled('open')).rejects.toThrow('no bell')
  await clock.advance(0)
  expect(calls).toBe(1)
  runner.send({ type: 'pull' })
  expect(runner.snapshot.state).toBe('closed')
})

test('onError gets what effects, observers and guards throw, and the machine goes on', async () => {
  const errors: unknown[] = []
  const broken: Options = {
    name: 'door',
    table: {
      ...door,
      open: {
        pull: [
          {
            to: 'closed',
            when: () => {
              throw new Error('guard')
            },
          },
        ],
      },
    },
    initial: closed,
    clock: manualClock(),
    perform: () => {
      throw new Error('effect')
    },
    onTransition: () => {
      throw new Error('observer')
    },
    onError: (error) => errors.push((error as Error).message),
  }
  const { runner } = doorRunner(broken)
  runner.send({ type: 'push' })
  runner.send({ type: 'pull' })
  expect(errors).toEqual(['observer', 'effect', 'guard'])
  expect((await runner.settled('open')).state).toBe('open')
})

test('a timer starts with its state, survives loops and stops when the state is left', async () => {
  const { runner, clock } = doorRunner({ timers: { open: { afterMs: 100, event: { type: 'pull' } } } })
  runner.send({ type: 'push' })
  await clock.advance(60)
  runner.send({ type: 'push' })
  await clock.advance(39)
  expect(runner.snapshot.state).toBe('open')
  await clock.advance(1)
  expect(runner.snapshot.state).toBe('closed')
  runner.send({ type: 'push' })
  expect(clock.sleepers).toBe(1)
  runner.send({ type: 'pull' })
  expect(clock.sleepers).toBe(0)
})

test('a timer that is due in the same turn in which its state is left and entered again does not fire', async () => {
  const { runner, clock } = doorRunner({ timers: { open: { afterMs: 100, event: { type: 'pull' } } } })
  runner.send({ type: 'push' })
  const turn = clock.advance(100)
  runner.send({ type: 'pull' })
  runner.send({ type: 'push' })
  await turn
  expect(runner.snapshot.state).toBe('open')
})

test('the first state has its timer, and a delay may come from the context', async () => {
  const afterMs = (context: Context) => context.code * 10
  const { runner, clock } = doorRunner({ timers: { closed: { afterMs, event: { type: 'push' } } } })
  await clock.advance(69)
  expect(runner.snapshot.state).toBe('closed')
  await clock.advance(1)
  expect(runner.snapshot.state).toBe('open')
})

test('stop aborts effects, waits for them, ignores what they raise, and is idempotent', async () => {
  let ended = false
  const { runner, clock } = doorRunner({
    timers: { open: { afterMs: 100, event: { type: 'pull' } } },
    async perform(_, raise, { signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ended = true
      raise({ type: 'pull' })
      throw signal.reason
    },
  })
  runner.send({ type: 'push' })
  const first = runner.stop()
  expect(runner.stop()).toBe(first)
  await first
  expect(ended).toBe(true)
  runner.send({ type: 'pull' })
  await clock.advance(1_000)
  expect(runner.snapshot.state).toBe('open')
  expect(clock.sleepers).toBe(0)
  expect((await runner.settled('open')).state).toBe('open')
})

test('stop does not wait for ever for an effect that ignores its signal', async () => {
  const { runner, clock } = doorRunner({ perform: () => new Promise<void>(() => {}) })
  runner.send({ type: 'push' })
  let down = false
  const stopping = runner.stop().then(() => {
    down = true
  })
  await clock.advance(STOP_LIMIT_MS - 1)
  expect(down).toBe(false)
  await clock.advance(1)
  await stopping
})

test('await using stops it', async () => {
  const { runner } = doorRunner()
  {
    await using inner = runner
    inner.send({ type: 'push' })
  }
  runner.send({ type: 'pull' })
  expect(runner.snapshot.state).toBe('open')
})
