import { NodeError } from './errors.ts'

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
}
const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZE_NAMES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/**
 * Reads a size as people write it: `1 GiB`, `256MiB`, `1.5 GB`, `4096`.
 *
 * @returns Bytes, a whole number.
 * @throws {NodeError} `ConfigInvalid` naming the text and the units.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = match === null ? undefined : SIZE_UNITS[(match[2] ?? '').toLowerCase()]
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN))
  if (Number.isSafeInteger(bytes)) return bytes
  throw new NodeError('ConfigInvalid', `"${text}" is not a size; write for example 512 MiB, 1 GiB or 1.5 TB`)
}

/** Writes a size for people: three digits at most, powers of 1024. */
export function formatSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), SIZE_NAMES.length - 1)
  const value = bytes / 2 ** (10 * power)
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(value >= 10 ? 1 : 2))} ${SIZE_NAMES[power]}`
}

/**
 * Reads a duration as people write it: `500 ms`, `60 s`, `10 min`, `48 h`, `30 d`.
 *
 * @returns Milliseconds, a whole number of at least 1.
 * @throws {NodeError} `ConfigInvalid` naming the text and the units.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim())
  const unit = match === null ? undefined : TIME_UNITS[(match[2] ?? '').toLowerCase()]
  const ms = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
  if (Number.isSafeInteger(ms) && ms >= 1) return ms
  throw new NodeError(
    'ConfigInvalid',
    `"${text}" is not a duration; write for example 500 ms, 60 s, 10 min, 48 h or 30 d`,
  )
}

/**
 * Reads how often something is done by itself: a duration, or `off`.
 *
 * @returns Milliseconds, or null for `off`.
 * @throws {NodeError} `ConfigInvalid`
 */
export function parseSchedule(text: string): number | null {
  return text.trim() === 'off' ? null : parseDuration(text)
}

/**
 * Reads a limit of bandwidth: a size, which passes each second (`10 MiB`, `500 kB/s`), or `unlimited`.
 *
 * @returns Bytes per second, at least 1, or null for `unlimited`.
 * @throws {NodeError} `ConfigInvalid`
 */
export function parseRate(text: string): number | null {
  if (text.trim() === 'unlimited') return null
  const bytes = parseSize(text.replace(/\s*\/\s*s\s*$/, ''))
  if (bytes >= 1) return bytes
  throw new NodeError('ConfigInvalid', `"${text}" lets nothing pass; write for example 2 MiB, or unlimited`)
}
