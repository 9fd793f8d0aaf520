import type { SourceReport } from '@bitdust/identity'
import { parseIdurl } from '@bitdust/identity'
import { describe, expect, test } from 'vitest'
import { showRestored } from '../src/cli/show-restored.ts'
import { showSource } from '../src/cli/show-source.ts'
import type { RestoreResult } from '../src/restore.ts'

const ONE = parseIdurl('http://first-machine.com/alice.xml')
const TWO = parseIdurl('https://my.site/alice.xml')

describe('status tells of a source', () => {
  const show = (change: Partial<SourceReport>) =>
    showSource({ source: ONE, is: 'current', isStatic: false, since: 0, ...change })

  test('that all is well, without a time', () => {
    expect(show({})).toBe(`${ONE} has the identity`)
    expect(show({ is: 'unknown' })).toBe(`${ONE} not asked yet`)
  })
  test('what is wrong and since when', () => {
    expect(show({ is: 'dead' })).toBe(`${ONE} does not answer since 1970-01-01T00:00:00.000Z`)
  })
  test.each(['stale', 'missing', 'taken'] as const)('that a site is behind (%s), and what to do', (is) => {
    const text = show({ is, isStatic: true })
    expect(text).toContain('is behind')
    expect(text).toContain('since 1970-01-01T00:00:00.000Z')
    expect(text).toContain('bitdust identity export-site DIR')
  })
  test('that a site cannot be reached, which no copying helps', () => {
    expect(show({ is: 'dead', isStatic: true })).toBe(`${ONE} cannot be reached since 1970-01-01T00:00:00.000Z`)
  })
})

describe('a restore tells truthfully', () => {
  type Sources = RestoreResult['sources']
  const show = (sources: Sources, change: Partial<RestoreResult> = {}) =>
    showRestored({
      idurl: ONE,
      fingerprint: '' as RestoreResult['fingerprint'],
      revision: 1,
      inDht: true,
      staticSources: [],
      sources,
      ...change,
    }).split('\n')

  test('that all have it', () => {
    expect(show([{ source: ONE, is: 'published' }])).toEqual([
      `you are ${ONE} again`,
      `published: at ${ONE}; it is in the DHT`,
    ])
  })
  test('that some have it', () => {
    const sources = [
      { source: ONE, is: 'published' },
      { source: TWO, is: 'dead' },
    ] as const
    expect(show(sources, { inDht: false })[1]).toBe(
      `published: at ${ONE}; no answer from ${TWO}; it is not in the DHT yet`,
    )
  })
  test('that no ID-server answers', () => {
    expect(show([{ source: ONE, is: 'dead' }])[1]).toMatch(
      /^published: none of its ID-servers answers; it is in the DHT\b/,
    )
  })
  test('that somebody else has the name', () => {
    expect(show([{ source: ONE, is: 'taken' }])[1]).toBe(
      `published: on none of its ID-servers; somebody else has the name at ${ONE}; it is in the DHT`,
    )
  })
  test('that a web site needs a copy', () => {
    const lines = show([{ source: TWO, is: 'static' }], { staticSources: [TWO] })
    expect(lines[2]).toContain('bitdust identity export-site DIR')
  })
})
