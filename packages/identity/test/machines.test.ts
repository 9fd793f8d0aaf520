import { type DiagramTable, toMermaid } from '@bitdust/machine'
import { describe, expect, test } from 'vitest'
import { machines } from '../src/index.ts'

function successors(table: DiagramTable, state: string): readonly string[] {
  return Object.values(table[state] ?? {}).flatMap((arrows = []) => arrows.map(({ to }) => to))
}

describe.each(machines.map((machine) => ({ ...machine })))('machine $name', ({ name, table, initial }) => {
  test('every state can be reached', () => {
    const reached = new Set([initial])
    for (const state of reached) for (const next of successors(table, state)) reached.add(next)
    expect([...reached].sort()).toEqual(Object.keys(table).sort())
  })

  test('behind guarded arrows stands one without a guard, and no arrow behind it', () => {
    for (const byEvent of Object.values(table)) {
      for (const arrows of Object.values(byEvent)) {
        expect(arrows?.findIndex(({ when }) => when === undefined)).toBe((arrows?.length ?? 0) - 1)
      }
    }
  })

  test('can be drawn', () => {
    expect(toMermaid(name, table, initial)).toContain('stateDiagram-v2')
    expect(toMermaid(name, table, initial)).not.toContain('[?]')
  })
})
