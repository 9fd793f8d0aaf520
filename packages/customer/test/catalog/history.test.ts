import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { historyOf } from '../../src/catalog/history.ts'
import { historyOfSteps, type Step } from '../histories.ts'

function entriesOf(...steps: readonly Step[]) {
  return historyOfSteps(steps).map(({ entry }) => entry)
}

describe('the order of journal entries', () => {
  it('puts whatever was merged before what merged it', () => {
    const entries = entriesOf(
      { writer: 'a', put: 'x' },
      { writer: 'b', put: 'x', after: [0] },
      { writer: 'c', put: 'x' },
      { writer: 'a', put: 'x', after: [1] },
    )
    const { precedes, rank } = historyOf(entries)
    const [first, second, apart, last] = entries.map(({ hash }) => hash)
    expect(precedes(first!, second!)).toBe(true)
    expect(precedes(first!, last!)).toBe(true)
    expect(precedes(second!, last!)).toBe(true)
    expect(precedes(last!, first!)).toBe(false)
    expect(precedes(first!, first!)).toBe(false)
    for (const other of [first!, second!, last!]) {
      expect(precedes(apart!, other)).toBe(false)
      expect(precedes(other, apart!)).toBe(false)
    }
    expect(rank(first!)).toBeLessThan(rank(second!))
    expect(rank(second!)).toBeLessThan(rank(last!))
  })

  it('takes the branches of a forked journal as unknown to each other until somebody merges both', () => {
    const entries = entriesOf({ writer: 'a', put: 'x' }, { writer: 'a', put: 'x' }, { writer: 'a', put: 'x' })
    const [start, left, end] = entries
    const other = entriesOf(...Array.from({ length: 9 }, () => ({ writer: 'z', put: 'x' })), {
      writer: 'a',
      put: 'x',
    }).at(-1)!
    const right = { ...other, sequence: 1, previous: start!.hash }
    const merged = {
      ...end!,
      heads: [{ journal: right.journal, sequence: right.sequence, hash: right.hash }],
    }
    const forked = historyOf([start!, left!, right, end!])
    expect(forked.precedes(start!.hash, left!.hash)).toBe(true)
    expect(forked.precedes(start!.hash, right.hash)).toBe(true)
    expect(forked.precedes(left!.hash, right.hash)).toBe(false)
    expect(forked.precedes(right.hash, left!.hash)).toBe(false)
    expect(forked.precedes(right.hash, end!.hash)).toBe(false)
    const joined = historyOf([right, merged, start!, left!])
    expect(joined.precedes(right.hash, merged.hash)).toBe(true)
    expect(joined.precedes(left!.hash, merged.hash)).toBe(true)
  })

  it('never changes by what comes later', () => {
    const step = fc.record({ writer: fc.constantFrom('a', 'b', 'c'), seen: fc.array(fc.nat(), { maxLength: 3 }) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), fc.nat(), (steps, cut) => {
        const entries = entriesOf(
          ...steps.map(({ writer, seen }, number) => {
            const after = number === 0 ? [] : [...new Set(seen.map((one) => one % number))]
            return { writer, put: 'x', after }
          }),
        )
        const earlier = entries.slice(0, 1 + (cut % entries.length))
        const orderIn = ({ rank }: ReturnType<typeof historyOf>) =>
          earlier.map(({ hash }) => hash).sort((a, b) => rank(a) - rank(b))
        expect(orderIn(historyOf(entries))).toEqual(orderIn(historyOf(earlier)))
      }),
    )
  })

  it('leaves out heads of entries that are not there', () => {
    const entries = entriesOf({ writer: 'a', put: 'x' }, { writer: 'b', put: 'x', after: [0] })
    const { precedes, rank } = historyOf(entries.slice(1))
    expect(rank(entries[1]!.hash)).toBe(0)
    expect(precedes(entries[0]!.hash, entries[1]!.hash)).toBe(false)
  })
})
