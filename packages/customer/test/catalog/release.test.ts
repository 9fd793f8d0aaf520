import { type EntryHash, hashOf } from '@bitdust/records'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MergedEntry, merge } from '../../src/catalog/merge.ts'
import { planRelease } from '../../src/prune/plan-release.ts'
import { historyOfSteps, type Step, writerOf } from '../histories.ts'

const owner = writerOf('owner')
const rights = {
  mayDelete: (deleter: string, author: string) => deleter === owner || deleter === author,
  mayRelease: (writer: string) => writer === owner,
}
const paths = ['a', 'a/x', 'a/x/1', 'b']

const history = fc
  .array(
    fc.record({
      writer: fc.constantFrom('owner', 'member', 'other'),
      path: fc.constantFrom(...paths),
      isDelete: fc.boolean(),
      seen: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((steps) =>
    historyOfSteps(
      steps.map(({ writer, path, isDelete, seen }, number): Step => {
        const after = number === 0 ? [] : [...new Set(seen.map((one) => one % number))]
        return { writer, after, ...(isDelete ? { delete: path } : { put: path }) }
      }),
    ),
  )

/** The entries and one more behind all of them, by which `writer` releases puts. */
function releasing(
  entries: readonly MergedEntry[],
  puts: readonly EntryHash[],
  writer = owner,
): readonly MergedEntry[] {
  const { entry } = entries[0]!
  const hash = hashOf<EntryHash>(new TextEncoder().encode('release'))
  const heads = entries.map(({ entry: { journal, sequence, hash: head } }) => ({ journal, sequence, hash: head }))
  const place = { hash, writer, heads, kind: 'release' as const, journal: hash as never, sequence: 0, previous: null }
  const { device } = entry
  const operation = { id: hash, writer, device, date: 0, kind: 'release' as const, puts }
  return [...entries, { entry: { ...entry, ...place }, operation }]
}

const ids = (puts: readonly { readonly id: EntryHash }[]) => puts.map(({ id }) => id)

describe('releasing', () => {
  it('changes nothing that is shown, keeps the newest versions, and the names of all', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 4 }), (entries, keep) => {
        const before = merge(entries, rights)
        const plan = ids(planRelease(before, { path: '', keep, before: Infinity }))
        const after = merge(releasing(entries, plan), rights)
        for (const path of paths) {
          expect(ids(after.deciding(path))).toEqual(ids(before.deciding(path)))
          const newest = before.covering(path).slice(0, before.deciding(path).length === 0 ? 0 : keep)
          const own = newest.filter((put) => put.path === path)
          expect(ids(after.covering(path))).toEqual(expect.arrayContaining(ids(own)))
          for (const put of after.covering(path)) expect(after.versionOf(put, path)).toBe(before.versionOf(put, path))
        }
        expect(ids(after.puts()).filter((id) => plan.includes(id))).toEqual([])
        // Everything is at its end: the same policy finds nothing more.
        expect(planRelease(after, { path: '', keep, before: Infinity })).toEqual([])
      }),
    )
  })

  it('counts for the owner alone', () => {
    fc.assert(
      fc.property(history, (entries) => {
        const before = merge(entries, rights)
        const after = merge(releasing(entries, ids(before.puts()), writerOf('member')), rights)
        expect(ids(after.puts())).toEqual(ids(before.puts()))
        expect(after.ignoredOperations.filter(({ kind }) => kind === 'release')).toHaveLength(1)
      }),
    )
  })

  it('T59 is held up by clocks, never hastened', () => {
    const at = [100, 5, 50, 7]
    const entries = historyOfSteps(at.map((seconds) => ({ writer: 'owner', put: 'a', at: seconds })))
    const catalog = merge(entries, rights)
    const start = catalog.puts()[1]!.date - 5000
    const plan = (seconds: number) =>
      planRelease(catalog, { path: '', keep: 2, before: start + 1000 * seconds }).map(({ root }) => root.size)
    expect([plan(1), plan(6), plan(1000)]).toEqual([[], [1], [0, 1]])
  })

  it('of a folder leaves what is beside it', () => {
    const entries = historyOfSteps(
      ['a', 'a', 'ab', 'ab', 'a/x', 'a/x'].map((put, at) => ({ writer: 'owner', put, at })),
    )
    const plan = (path: string) =>
      planRelease(merge(entries, rights), { path, keep: 1, before: Infinity }).map((put) => put.path)
    expect([plan('a'), plan('a/x'), plan('ab'), plan('x')]).toEqual([['a', 'a/x'], ['a/x'], ['ab'], []])
  })
})
