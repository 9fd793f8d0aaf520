import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import process from 'node:process'
import type { Disk } from './disk.ts'

/** The disk of this machine. */
export const nodeDisk: Disk = {
  open,
  rename,
  unlink,
  stat: (path) => stat(path),
  lstat: (path) => lstat(path),
  async mkdir(path, mode) {
    await mkdir(path, { mode })
  },
  readdir: (path) => readdir(path),
  async syncFolder(path) {
    // Windows cannot open a folder; NTFS keeps its names by itself.
    if (process.platform === 'win32') return
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}
