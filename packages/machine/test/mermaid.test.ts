import { expect, test } from 'vitest'
import { type MachineDiagram, toMermaid } from '../src/index.ts'
import { door } from './door.ts'

const diagram = `---
title: door
---
stateDiagram-v2
  state "walled up" as walled_up
  [*] --> closed
  closed --> open : push / ringTwice
  closed --> locked : turn [rightCode]
  closed --> closed : turn [else]
  closed --> walled_up : wall
  open --> closed : pull
  open --> open : push
  locked --> closed : turn [?]
  locked --> walled_up : wall
  walled_up --> [*]
`

test('prints every arrow, named guards and effects, and the final states', () => {
  expect(toMermaid('door', door, 'closed')).toBe(diagram)
})

test('a table fits the list of machines that a package exports', () => {
  const machines: readonly MachineDiagram[] = [{ name: 'door', table: door, initial: 'closed' }]
  expect(machines.map(({ name, table, initial }) => toMermaid(name, table, initial))).toEqual([diagram])
})

test('a changed arrow changes the text', () => {
  const changed = { ...door, open: { ...door.open, pull: [{ to: 'locked' as const }] } }
  expect(toMermaid('door', changed, 'closed')).not.toBe(diagram)
})
