import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} TreeSummary
 * @property {number} files
 * @property {number} bytes Of the files.
 * @property {number} executables Files that their owner may run.
 * @property {number} symlinks
 * @property {number} emptyFolders
 * @property {string | null} largest Path of the largest file, relative to the root; null without files.
 */

/**
 * Counts what is in a folder.
 *
 * @param {string} root
 * @returns {TreeSummary}
 */
export function lookAtTree(root) {
  const summary = { files: 0, bytes: 0, executables: 0, symlinks: 0, emptyFolders: 0 }
  /** @type {string | null} */
  let largest = null
  let largestBytes = -1

  /** @param {string} relative */
  function visit(relative) {
    const status = lstatSync(join(root, relative))
    if (status.isSymbolicLink()) summary.symlinks += 1
    else if (status.isDirectory()) {
      const names = readdirSync(join(root, relative)).sort()
      if (names.length === 0) summary.emptyFolders += 1
      for (const name of names) visit(join(relative, name))
    } else if (status.isFile()) {
      summary.files += 1
      summary.bytes += status.size
      if ((status.mode & 0o100) !== 0) summary.executables += 1
      if (status.size > largestBytes) {
        largestBytes = status.size
        largest = relative
      }
    }
  }

  visit('')
  return { ...summary, largest }
}
