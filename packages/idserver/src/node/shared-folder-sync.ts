import type { Disk } from '@bitdust/crypto/files'

/**
 * The same disk, but writers who wait for names in one folder to become durable share one sync of it. Whoever comes
 * while one runs waits for the next: the running one may have begun before his name was there.
 *
 * A sync that fails fails for those behind it, too: a disk tells of its failure once, and what it lost then does not
 * come back by asking again.
 */
export function sharedFolderSync(disk: Disk): Disk {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()

  function start(path: string): Promise<void> {
    const sync = disk.syncFolder(path).finally(() => running.delete(path))
    running.set(path, sync)
    return sync
  }

  return {
    ...disk,
    syncFolder(path) {
      const before = running.get(path)
      if (before === undefined) return start(path)
      const next = waiting.get(path)
      if (next !== undefined) return next
      const mine = before.finally(() => waiting.delete(path)).then(() => start(path))
      waiting.set(path, mine)
      return mine
    },
  }
}
