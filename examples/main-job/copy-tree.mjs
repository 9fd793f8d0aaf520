import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

/**
 * Copies a file, symlink or folder as it is: modes, times of files, symlinks with their text. Left out is what is
 * neither (sockets, devices), and what vanishes meanwhile: git and package managers remove files when they like.
 *
 * One call of the file system after the other is several times faster here than asynchronous ones; between two folders
 * everything else gets its turn.
 *
 * @param {string} from
 * @param {string} to Must not exist; the folder in which it is made must.
 * @param {{ except: ReadonlySet<string>, signal: AbortSignal }} options `except`: absolute paths that are not copied.
 */
export async function copyTree(from, to, { except, signal }) {
  try {
    const status = lstatSync(from)
    if (status.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
    else if (status.isDirectory()) await copyFolder(from, to, status.mode, { except, signal })
    else if (status.isFile()) {
      copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      chmodSync(to, status.mode & 0o7777)
      utimesSync(to, status.atimeMs / 1000, status.mtimeMs / 1000)
    }
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @param {number} mode
 * @param {{ except: ReadonlySet<string>, signal: AbortSignal }} options
 */
async function copyFolder(from, to, mode, { except, signal }) {
  await setImmediate(undefined, { signal })
  // Writable for us until everything is in it.
  mkdirSync(to, { mode: 0o700 })
  for (const name of readdirSync(from).sort()) {
    const path = join(from, name)
    if (!except.has(path)) await copyTree(path, join(to, name), { except, signal })
  }
  chmodSync(to, mode & 0o7777)
}
