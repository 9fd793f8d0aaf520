import { expect, test } from 'vitest'
import { describePruned } from '../src/cli/prune.ts'

const nothing = { blocks: 0, bytes: 0 }
const [from, until] = [Date.UTC(2026, 0, 8), Date.UTC(2026, 0, 9)]

test('tells what was freed now and what is freed when', () => {
  const waiting = { blocks: 3, bytes: 3072, from, until }
  expect(describePruned({ released: 2, freed: nothing, waiting, unreached: 1 })).toBe(
    [
      'released 2 versions',
      'freed 0 blocks (0 B at the suppliers)',
      'no version uses 3 blocks (3 KiB at the suppliers); freed not before 2026-01-08T00:00:00.000Z, all of it not before 2026-01-09T00:00:00.000Z, while the node runs',
      '1 supplier could not be asked; what is there is freed later',
    ].join('\n'),
  )
  expect(
    describePruned({
      released: 1,
      freed: { blocks: 1, bytes: 10 },
      waiting: { ...waiting, until: from },
      unreached: 2,
    }),
  ).toBe(
    [
      'released 1 version',
      'freed 1 block (10 B at the suppliers)',
      'no version uses 3 blocks (3 KiB at the suppliers); freed not before 2026-01-08T00:00:00.000Z while the node runs',
      '2 suppliers could not be asked; what is there is freed later',
    ].join('\n'),
  )
})

test('tells that nothing waits', () => {
  const waiting = { ...nothing, from: null, until: null }
  expect(describePruned({ released: 0, freed: nothing, waiting, unreached: 0 })).toContain('nothing waits to be freed')
})
