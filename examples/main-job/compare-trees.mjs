import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { StepError } from './step-error.mjs'

/** Bytes of both files that are compared at a time. */
const READ_BYTES = 1024 * 1024
/** Made once: there are thousands of files. */
const buffers = { left: Buffer.alloc(READ_BYTES), right: Buffer.alloc(READ_BYTES) }
/** Differences that an error names. */
const MOST_NAMED = 5

/**
 * Requires that two files, or two folders with everything in them, are the same: names, kinds, modes, bytes and times
 * of files (to the ms), texts of symlinks, empty folders.
 *
 * @param {string} expected
 * @param {string} actual
 * @param {{ signal: AbortSignal }} options
 * @throws {StepError} `TreesDiffer`, naming the first differences.
 */
export async function compareTrees(expected, actual, { signal }) {
  /** @type {string[]} */
  const differences = []

  /** @param {string} relative */
  async function compare(relative) {
    const [left, right] = /** @type {const} */ ([join(expected, relative), join(actual, relative)])
    const [wanted, found] = /** @type {const} */ ([describe(left), describe(right)])
    if (wanted.text !== found.text) differences.push(`${relative || '.'}: ${found.text}, expected ${wanted.text}`)
    else if (wanted.kind === 'file' && !haveSameBytes(left, right)) differences.push(`${relative || '.'}: other bytes`)
    // A turn for everything else, such as Ctrl-C.
    if (wanted.kind === 'folder') await setImmediate(undefined, { signal })
    for (const name of new Set([...wanted.names, ...found.names])) await compare(join(relative, name))
  }

  await compare('')
  if (differences.length === 0) return
  const more = differences.length > MOST_NAMED ? `; and ${differences.length - MOST_NAMED} more` : ''
  throw new StepError(
    'TreesDiffer',
    `${actual} is not what ${expected} is: ${differences.slice(0, MOST_NAMED).join('; ')}${more}`,
  )
}

/**
 * Everything about one path but the bytes of a file, as text.
 *
 * @param {string} path
 * @returns {{ kind: string, text: string, names: string[] }}
 */
function describe(path) {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return { kind: 'nothing', text: 'nothing', names: [] }
  if (status.isSymbolicLink()) return { kind: 'symlink', text: `symlink to ${readlinkSync(path)}`, names: [] }
  const mode = (status.mode & 0o7777).toString(8)
  if (status.isDirectory()) return { kind: 'folder', text: `folder ${mode}`, names: readdirSync(path).sort() }
  const changed = new Date(Math.round(status.mtimeMs)).toISOString()
  return { kind: 'file', text: `file ${mode} of ${status.size} bytes, changed ${changed}`, names: [] }
}

/**
 * @param {string} left
 * @param {string} right
 */
function haveSameBytes(left, right) {
  const one = openSync(left, 'r')
  const other = openSync(right, 'r')
  try {
    for (;;) {
      const [a, b] = /** @type {const} */ ([readNext(one, buffers.left), readNext(other, buffers.right)])
      if (!a.equals(b)) return false
      if (a.length === 0) return true
    }
  } finally {
    closeSync(one)
    closeSync(other)
  }
}

/**
 * The next bytes of a file: a buffer full, or all that are left.
 *
 * @param {number} file
 * @param {Buffer} buffer
 */
function readNext(file, buffer) {
  let filled = 0
  for (let read = -1; read !== 0 && filled < buffer.length; filled += read)
    read = readSync(file, buffer, filled, buffer.length - filled, null)
  return buffer.subarray(0, filled)
}
