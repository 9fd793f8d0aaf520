import type { EntryHash } from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import type { Found } from '../src/catalog/catalog-view.ts'
import { walkTree } from '../src/download/walk.ts'
import { writerOf } from './histories.ts'

/** A folder in which there is what `below` says, under each of these names. */
function folder(path: string): Found {
  const name = path.split('/').at(-1) ?? ''
  const summary = { name, kind: 'folder', mode: 0o755, mtime: 0, size: 0, files: 0 } as const
  const writer = writerOf('a')
  const put = {
    id: writer as string as EntryHash,
    kind: 'put',
    path,
    writer,
    device: '' as never,
    date: 0,
    root: summary,
  }
  return { path, put, summary, entry: null, plain: true } as Found
}

describe('T58 walking through a tree that somebody made up', () => {
  it('ends where paths would be deeper than they can be', async () => {
    const endless = { children: async ({ path }: Found) => [folder(`${path}/x`)] } as never
    const seen: string[] = []
    const walking = (async () => {
      for await (const { found } of walkTree(endless, folder('top'))) seen.push(found.path)
    })()
    await expect(walking).rejects.toMatchObject({ code: 'PathUnsafe' })
    expect(seen).toHaveLength(64)
  })

  it('ends after so many entries, however few blocks it takes to name them', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`)
    const wide = {
      children: async ({ path }: Found) => {
        const depth = path.split('/').length
        return depth > 2 ? [] : names.map((name) => folder(`${path}/${name}`))
      },
    } as never
    let count = 0
    const walking = (async () => {
      for await (const _ of walkTree(wide, folder('top'), { maxEntries: 700 })) count += 1
    })()
    await expect(walking).rejects.toMatchObject({ code: 'LimitExceeded' })
    expect(count).toBe(700)
  })
})
