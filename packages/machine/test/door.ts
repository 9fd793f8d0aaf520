import type { Snapshot, Table } from '../src/index.ts'

/** A door with a lock, small enough to know by heart: the machine under test. */
export type State = 'closed' | 'open' | 'locked' | 'walled up'
export type Event =
  | { readonly type: 'push' }
  | { readonly type: 'pull' }
  | { readonly type: 'turn'; readonly code: number }
  | { readonly type: 'wall' }
export interface Context {
  readonly code: number
  readonly pushes: number
}
export type Effect = { readonly type: 'ring' } | { readonly type: 'tell'; readonly text: string }

const rightCode = (context: Context, event: { readonly code: number }) => event.code === context.code
const countPush = (context: Context) => ({ ...context, pushes: context.pushes + 1 })
const ringTwice = (context: Context): readonly Effect[] => [
  { type: 'ring' },
  { type: 'tell', text: `push ${context.pushes}` },
]

export const door: Table<State, Context, Event, Effect> = {
  closed: {
    push: [{ to: 'open', update: countPush, effects: ringTwice }],
    turn: [
      { to: 'locked', when: rightCode },
      { to: 'closed', effects: () => [{ type: 'ring' }] },
    ],
    wall: [{ to: 'walled up' }],
  },
  open: { pull: [{ to: 'closed' }], push: [{ to: 'open', update: countPush }] },
  locked: {
    turn: [{ to: 'closed', when: (context, event) => event.code === context.code }],
    wall: [{ to: 'walled up' }],
  },
  'walled up': {},
}

export const closed: Snapshot<State, Context> = { state: 'closed', context: { code: 7, pushes: 0 } }
