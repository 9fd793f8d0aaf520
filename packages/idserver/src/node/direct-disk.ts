import { closeSync, constants, fstatSync, fsync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Disk, type DiskFile, nodeDisk } from '@bitdust/crypto/files'

const sync = promisify(fsync)

/**
 * The disk of this machine for files of a few KiB. What ends in the memory of the system (making a file, filling it, giving
 * it its name) is done at once, since handing it to another thread and back takes several times as long as doing it. Only
 * what waits for the disk, `fsync` and the reading of old files, goes to other threads.
 */
export const directDisk: Disk = {
  ...nodeDisk,
  open: async (path, flags, mode) =>
    (flags & constants.O_CREAT) === 0 ? nodeDisk.open(path, flags, mode) : directFile(openSync(path, flags, mode)),
  rename: async (from, to) => renameSync(from, to),
  async syncFolder(path) {
    // Windows cannot open a folder; NTFS keeps its names by itself.
    if (process.platform === 'win32') return
    const folder = directFile(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

function directFile(descriptor: number): DiskFile {
  return {
    read: async (buffer, offset, length, position) => ({
      bytesRead: readSync(descriptor, buffer, offset, length, position),
    }),
    write: async (buffer, offset, length, position) => ({
      bytesWritten: writeSync(descriptor, buffer, offset, length, position),
    }),
    sync: () => sync(descriptor),
    stat: async () => fstatSync(descriptor),
    close: async () => closeSync(descriptor),
  }
}
