import { nodeDisk } from '@bitdust/crypto/files'
import { expect, test } from 'vitest'
import { sharedFolderSync } from '../src/node/shared-folder-sync.ts'

/** A disk whose syncs end when told; `begun` are their folders in order. */
function slowDisk() {
  const begun: string[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const disk = sharedFolderSync({
    ...nodeDisk,
    syncFolder(path) {
      begun.push(path)
      const end = Promise.withResolvers<void>()
      ends.push(end)
      return end.promise
    },
  })
  return { disk, begun, ends }
}

test('whoever comes during a sync waits for the next, and all of them for the same one', async () => {
  const { disk, begun, ends } = slowDisk()
  const order: string[] = []
  const first = disk.syncFolder('a').then(() => order.push('first'))
  const others = [1, 2, 3].map(() => disk.syncFolder('a').then(() => order.push('other')))
  const elsewhere = disk.syncFolder('b')
  expect(begun).toEqual(['a', 'b'])
  ends[0]!.resolve()
  await first
  await expect.poll(() => begun).toEqual(['a', 'b', 'a'])
  expect(order).toEqual(['first'])
  const late = disk.syncFolder('a')
  ends[2]!.resolve()
  await Promise.all(others)
  await expect.poll(() => begun).toHaveLength(4)
  ends[1]!.resolve()
  ends[3]!.resolve()
  await Promise.all([late, elsewhere])
  const again = disk.syncFolder('a')
  expect(begun).toHaveLength(5)
  ends[4]!.resolve()
  await again
})

test('T39 a sync that fails fails for those behind it; who asks later gets a new one', async () => {
  const { disk, begun, ends } = slowDisk()
  const syncs = [disk.syncFolder('a'), disk.syncFolder('a'), disk.syncFolder('a')]
  const outcomes = Promise.allSettled(syncs)
  ends[0]!.reject(new Error('EIO'))
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(begun).toEqual(['a'])
  const later = disk.syncFolder('a')
  expect(begun).toEqual(['a', 'a'])
  ends[1]!.resolve()
  await later
})
