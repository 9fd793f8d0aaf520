import { formatSize } from '@bitdust/node'

/** Shortest time between two drawings of the line of progress, in ms. */
const REDRAW_MS = 100
const MIB = 2 ** 20

/**
 * One line of the final table.
 *
 * @typedef {object} Row
 * @property {string} title
 * @property {'done' | 'FAILED' | 'not run'} result
 * @property {number | null} seconds
 * @property {import('./world.mjs').Transfer | null} transferred
 */

/**
 * What people see: headings and notes as lines and, on a terminal, one line of progress that is drawn over.
 *
 * @typedef {ReturnType<typeof createScreen>} Screen
 */

/** @param {NodeJS.WriteStream} stream */
export function createScreen(stream) {
  let drawn = false
  let drawnAt = 0

  function clear() {
    if (drawn) stream.write('\r\x1b[2K')
    drawn = false
  }

  return {
    /** @param {string} text */
    line(text) {
      clear()
      stream.write(`${text}\n`)
    },
    /** @param {string} text */
    progress(text) {
      const now = performance.now()
      if (!stream.isTTY || now - drawnAt < REDRAW_MS) return
      clear()
      stream.write(`      ${text}`.slice(0, (stream.columns || 80) - 1))
      drawn = true
      drawnAt = now
    },
    clear,
  }
}

/**
 * What a command of the CLI tells of its progress, for people.
 *
 * @param {Readonly<Record<string, unknown>>} event
 */
export function describeProgress({ step, done, total }) {
  const name = String(step ?? 'working')
  if (typeof done !== 'number') return name
  const [at, all] = done < MIB && Number(total) < MIB ? [done, total] : [formatSize(done), formatSize(Number(total))]
  return Number(total) > 0 ? `${name}: ${at} of ${all}` : `${name}: ${at}`
}

/** @param {readonly Row[]} rows */
export function formatTable(rows) {
  const lines = [
    ['STEP', 'RESULT', 'SECONDS', 'MiB/s'],
    ...rows.map(({ title, result, seconds, transferred }, index) => [
      `${index + 1}  ${title}`,
      result,
      seconds === null ? '' : seconds.toFixed(1),
      transferred === null ? '' : (transferred.bytes / MIB / transferred.seconds).toFixed(1),
    ]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n')
}
