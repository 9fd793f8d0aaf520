import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import { hashOf, type JournalHead, type JournalId, journalIdOf, type LocationId } from '@bitdust/records'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJournalTree } from '../src/journal/journal-tree.ts'
import { countedEntries } from '../src/journal/revoked-entries.ts'
import type { KnownEntry } from '../src/journal/types.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const owner = hashOf(bytes('owner')) as string as Fingerprint
const location = hashOf<LocationId>(bytes('location'))
const devices = ['laptop', 'phone'].map((name) => hashOf(bytes(name)) as string as DeviceId)

/** Each entry hangs on an earlier one of its device, or begins the journal: so there are forks. */
const growth = fc.array(fc.record({ device: fc.integer({ min: 0, max: 1 }), parent: fc.nat() }), {
  minLength: 1,
  maxLength: 30,
})

function grow(steps: readonly { readonly device: number; readonly parent: number }[]): readonly KnownEntry[] {
  const entries: KnownEntry[] = []
  for (const [number, step] of steps.entries()) {
    const device = devices[step.device]!
    const journal = journalIdOf({ location, writer: owner, device })
    const own = entries.filter((entry) => entry.journal === journal)
    const before = own[step.parent % Math.max(own.length, 1)]
    entries.push({
      hash: hashOf(bytes(`entry ${number}`)),
      journal,
      writer: owner,
      device,
      epoch: 0,
      sequence: before === undefined ? 0 : before.sequence + 1,
      previous: before?.hash ?? null,
      heads: [],
      family: 1,
      date: 0,
      kind: 'put',
      generation: 1,
    })
  }
  return entries
}

const headOf = ({ journal, sequence, hash }: KnownEntry): JournalHead => ({ journal, sequence, hash })

describe('entries of a revoked device', () => {
  it('count when the header names them or something behind them, and only then', () => {
    fc.assert(
      fc.property(growth, fc.array(fc.nat(), { maxLength: 3 }), (steps, picks) => {
        const entries = grow(steps)
        const tree = createJournalTree()
        for (const entry of entries) tree.add(entry)
        const [device] = devices
        const theirs = entries.filter((entry) => entry.device === device)
        const named = theirs.length === 0 ? [] : picks.map((pick) => theirs[pick % theirs.length]!)
        const revoked = [{ device: device!, heads: named.map(headOf) }]
        const result = countedEntries(tree, { owner, revoked })

        // By the definition, one entry at a time.
        const isBefore = (entry: KnownEntry, later: KnownEntry | undefined): boolean =>
          later !== undefined &&
          (later.hash === entry.hash ||
            isBefore(
              entry,
              entries.find(({ hash }) => hash === later.previous),
            ))
        const expected = entries.filter(
          (entry) => entry.device !== device || named.some((head) => isBefore(entry, head)),
        )
        expect(new Set(result.entries)).toEqual(new Set(expected))
        expect(new Set(result.ignored)).toEqual(new Set(entries.filter((entry) => !expected.includes(entry))))
        expect(result.problems.map(({ code, subject }) => [code, subject])).toEqual(
          result.ignored.map(({ hash }) => ['KeyRevoked', hash]),
        )
      }),
    )
  })

  it('do not count before the named one is here: what stands in its place may be forged', () => {
    const [first, second, third] = grow([0, 0, 1].map((parent) => ({ device: 0, parent })))
    const tree = createJournalTree()
    tree.add(first!)
    const revoked = [{ device: devices[0]!, heads: [headOf(third!)] }]
    const place = { owner, revoked }
    expect(countedEntries(tree, place)).toMatchObject({
      entries: [],
      ignored: [first],
      problems: [
        { code: 'CatalogFreshnessUnknown', subject: third!.hash },
        { code: 'KeyRevoked', subject: first!.hash },
      ],
    })
    tree.add(second!)
    tree.add(third!)
    expect(countedEntries(tree, place)).toMatchObject({ entries: [first, second, third], problems: [] })
  })

  it('are the same array as long as nothing was revoked', () => {
    const tree = createJournalTree()
    for (const entry of grow([{ device: 0, parent: 0 }])) tree.add(entry)
    expect(countedEntries(tree, { owner, revoked: [] }).entries).toBe(tree.settled())
    const [, phone] = devices
    const revoked = [{ device: phone!, heads: [] }]
    expect(countedEntries(tree, { owner, revoked }).entries).toBe(tree.settled())
  })

  it('of a member who has the same device key are his own affair', () => {
    const [entry] = grow([{ device: 0, parent: 0 }])
    const stranger = hashOf(bytes('member')) as string as Fingerprint
    const journal: JournalId = journalIdOf({ location, writer: stranger, device: devices[0]! })
    const tree = createJournalTree()
    tree.add({ ...entry!, writer: stranger, journal })
    const revoked = [{ device: devices[0]!, heads: [] }]
    expect(countedEntries(tree, { owner, revoked }).ignored).toEqual([])
  })
})
