import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { historyOf } from '../../src/catalog/history.ts'
import { type Catalog, type MergedEntry, merge } from '../../src/catalog/merge.ts'
import type { PutOperation } from '../../src/catalog/operation.ts'
import { historyOfSteps, type Step, writerOf } from '../histories.ts'

const owner = writerOf('owner')
const rights = {
  mayDelete: (deleter: string, author: string) => deleter === owner || deleter === author,
  mayRelease: (writer: string) => writer === owner,
}

function catalogOf(...steps: readonly Step[]): Catalog {
  return merge(historyOfSteps(steps), rights)
}

/** Puts are known by the number of their step. */
function numbers(puts: readonly PutOperation[]): readonly number[] {
  return puts.map(({ root }) => root.size)
}

describe('merging journals', () => {
  it('shows the newest put of a path and keeps the earlier ones as versions', () => {
    const catalog = catalogOf({ writer: 'a', put: 'x' }, { writer: 'a', put: 'y' }, { writer: 'a', put: 'x' })
    expect(numbers(catalog.deciding('x'))).toEqual([2])
    expect(numbers(catalog.covering('x'))).toEqual([2, 0])
    expect(numbers(catalog.deciding('y'))).toEqual([1])
    expect(catalog.deciding('z')).toEqual([])
  })

  it('orders by what writers had merged, not by their clocks', () => {
    const catalog = catalogOf(
      { writer: 'a', put: 'x', at: 1000 },
      { writer: 'b', put: 'x', after: [0], at: 10 },
      { writer: 'a', put: 'x', after: [1], at: -5000 },
    )
    expect(numbers(catalog.covering('x'))).toEqual([2, 1, 0])
  })

  it('keeps both of two puts that did not know of each other', () => {
    const steps = [
      { writer: 'a', put: 'x' },
      { writer: 'b', put: 'x' },
    ]
    const catalog = catalogOf(...steps)
    expect(catalog.deciding('x')).toHaveLength(2)
    const resolved = catalogOf(...steps, { writer: 'a', put: 'x', after: [1] })
    expect(numbers(resolved.deciding('x'))).toEqual([2])
  })

  it('takes a put as a whole tree, and a later one below as an overlay', () => {
    const catalog = catalogOf(
      { writer: 'a', put: 'docs/old' },
      { writer: 'a', put: 'docs' },
      { writer: 'a', put: 'docs/new' },
    )
    expect(numbers(catalog.deciding('docs/old'))).toEqual([1])
    expect(numbers(catalog.deciding('docs/new'))).toEqual([2])
    expect(numbers(catalog.deciding('docs/new/deep'))).toEqual([2])
    expect(numbers(catalog.deciding('docs/other'))).toEqual([1])
    expect(catalog.namesBelow('docs')).toEqual(['old', 'new'])
  })

  it('does not let a tree hide what its author did not know', () => {
    const catalog = catalogOf({ writer: 'a', put: 'docs/mine' }, { writer: 'b', put: 'docs' })
    expect(numbers(catalog.deciding('docs/mine'))).toEqual([0, 1])
  })

  it('hides by a delete what its author had merged, and nothing else', () => {
    const catalog = catalogOf(
      { writer: 'owner', put: 'x' },
      { writer: 'b', put: 'x' },
      { writer: 'owner', delete: 'x' },
      { writer: 'owner', put: 'y' },
    )
    expect(numbers(catalog.deciding('x'))).toEqual([1])
    expect(numbers(catalog.deciding('y'))).toEqual([3])
    const [, first] = [...catalog.covering('x')].sort((a, b) => b.root.size - a.root.size)
    expect(catalog.isDeleted(first!, 'x')).toBe(true)
  })

  it('hides a part of a tree, and the tree with its parent', () => {
    const part = catalogOf({ writer: 'a', put: 'docs' }, { writer: 'a', delete: 'docs/x' })
    expect(part.deciding('docs/x')).toEqual([])
    expect(part.deciding('docs/x/below')).toEqual([])
    expect(numbers(part.deciding('docs'))).toEqual([0])
    const whole = catalogOf({ writer: 'a', put: 'all/docs/x' }, { writer: 'a', delete: 'all' })
    expect(whole.deciding('all/docs/x')).toEqual([])
  })

  it('lets a member delete what he put, the owner whatever there is', () => {
    const steps = [
      { writer: 'owner', put: 'a' },
      { writer: 'member', put: 'b', after: [0] },
      { writer: 'member', delete: 'a', after: [0] },
      { writer: 'member', delete: 'b' },
    ]
    const catalog = catalogOf(...steps)
    expect(numbers(catalog.deciding('a'))).toEqual([0])
    expect(catalog.deciding('b')).toEqual([])
    expect(catalog.ignoredOperations).toMatchObject([{ kind: 'delete', path: 'a' }])
    expect(catalogOf(...steps.slice(0, 2), { writer: 'owner', delete: 'b', after: [1] }).deciding('b')).toEqual([])
  })

  it('shows a path again that is put after it was deleted', () => {
    const catalog = catalogOf({ writer: 'a', put: 'x' }, { writer: 'a', delete: 'x' }, { writer: 'a', put: 'x' })
    expect(numbers(catalog.deciding('x'))).toEqual([2])
  })

  it('names versions by their second, and those of one second by the order of their entries', () => {
    const catalog = catalogOf(
      { writer: 'a', put: 'x', at: 0 },
      { writer: 'a', put: 'x', at: 0 },
      { writer: 'b', put: 'x', at: 0 },
      { writer: 'a', put: 'y', at: 0 },
      { writer: 'a', put: 'x', at: 13 * 3600 },
    )
    const puts = [...catalog.covering('x')].sort((a, b) => (a.id < b.id ? -1 : 1))
    const early = puts.filter(({ date }) => date === Date.UTC(2026, 0, 1))
    expect(early.map((put) => catalog.versionOf(put, 'x'))).toEqual([
      'F20260101120000AM',
      'F20260101120000AM-2',
      'F20260101120000AM-3',
    ])
    expect(catalog.versionOf(catalog.deciding('y')[0]!, 'y')).toBe('F20260101120000AM')
    const late = puts.find(({ root }) => root.size === 4)!
    expect(catalog.versionOf(late, 'x')).toBe('F20260101010000PM')
  })

  it('keeps an operation that nobody understands in its place in time', () => {
    const entries = historyOfSteps([
      { writer: 'a', put: 'x' },
      { writer: 'a', put: 'unknown' },
      { writer: 'b', put: 'x', after: [1] },
    ])
    const catalog = merge(
      entries.map((one, number) => (number === 1 ? { ...one, operation: null } : one)),
      rights,
    )
    expect(numbers(catalog.deciding('x'))).toEqual([2])
    expect(catalog.deciding('unknown')).toEqual([])
  })

  const writers = fc.constantFrom('owner', 'b', 'c')
  const paths = fc.constantFrom('x', 'x/y', 'x/y/z', 'w')
  const histories = fc
    .array(
      fc.record({ writer: writers, path: paths, isPut: fc.boolean(), seen: fc.array(fc.nat(), { maxLength: 2 }) }),
      {
        maxLength: 14,
      },
    )
    .map((raw) =>
      historyOfSteps(
        raw.map(({ writer, path, isPut, seen }, number) => ({
          writer,
          ...(isPut ? { put: path } : { delete: path }),
          after: number === 0 ? [] : [...new Set(seen.map((one) => one % number))],
        })),
      ),
    )

  function everything(entries: readonly MergedEntry[]): unknown {
    const catalog = merge(entries, rights)
    return ['x', 'x/y', 'x/y/z', 'w'].map((path) => [
      numbers(catalog.deciding(path)),
      numbers(catalog.covering(path)),
      catalog.covering(path).map((put) => catalog.isDeleted(put, path)),
    ])
  }

  it('says the same in whatever order entries come', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (entries, random) => {
        const shuffled = [...entries]
          .map((entry) => ({ entry, key: random.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ entry }) => entry)
        expect(everything(shuffled)).toEqual(everything(entries))
      }),
    )
  })

  it('never loses a put: it is shown, or somebody who knew it replaced or deleted it', () => {
    fc.assert(
      fc.property(histories, (entries) => {
        const catalog = merge(entries, rights)
        const { precedes } = historyOf(entries.map(({ entry }) => entry))
        for (const { operation } of entries) {
          if (operation?.kind !== 'put') continue
          const isShown = catalog.deciding(operation.path).includes(operation)
          const isReplaced = catalog.covering(operation.path).some((other) => precedes(operation.id, other.id))
          expect(isShown || isReplaced || catalog.isDeleted(operation, operation.path)).toBe(true)
        }
      }),
    )
  })
})
