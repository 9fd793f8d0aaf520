import { IdentityError } from '../errors.ts'

/** When a version was made, to the second, and which of several in the same second it is. */
export interface VersionTime {
  /** Milliseconds since the epoch, a whole second. */
  readonly time: number
  /** 1 for the plain name, 2 for the suffix `-2`, and so on. */
  readonly copy: number
}

const FORM = /^F(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(AM|PM)(?:-([1-9]\d{0,5}))?$/
/** Years are written with four digits. */
const END_OF_NAMES_MS = Date.UTC(10_000, 0)

/**
 * Names a version by its time in UTC on a 12-hour clock: `F20160313043757PM`; later ones of the same second get
 * `-2`, `-3`. Names are for people: which version is newest never follows from them.
 *
 * @param epochMs - Milliseconds since the epoch, 1970 to 9999; parts of a second are cut off.
 * @throws {IdentityError} `PathUnsafe` outside that range.
 */
export function formatVersion(epochMs: number, copy = 1): string {
  if (!(epochMs >= 0 && epochMs < END_OF_NAMES_MS) || !Number.isSafeInteger(copy) || copy < 1) {
    throw new IdentityError('PathUnsafe', `no version name for time ${epochMs}, copy ${copy}`)
  }
  const date = new Date(epochMs)
  const hours = date.getUTCHours()
  const digits = [
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    hours % 12 || 12,
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  const stamp = digits.map((value) => String(value).padStart(2, '0')).join('')
  return `F${year}${stamp}${hours < 12 ? 'AM' : 'PM'}${copy === 1 ? '' : `-${copy}`}`
}

/**
 * Reads a version name; the inverse of {@link formatVersion}.
 * @throws {IdentityError} `PathUnsafe` when it is not exactly a name that {@link formatVersion} writes.
 */
export function parseVersion(text: string): VersionTime {
  const version = readVersion(text)
  if (version !== undefined) return version
  throw new IdentityError('PathUnsafe', `version ${JSON.stringify(text.slice(0, 60))} is not like F20160313043757PM`)
}

/** True when {@link parseVersion} would accept the text. */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined
}

function readVersion(text: string): VersionTime | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number)
  const copy = match[8] === undefined ? 1 : Number(match[8])
  const time = Date.UTC(year, month - 1, day, (hours % 12) + (match[7] === 'PM' ? 12 : 0), minutes, seconds)
  // Writing it again finds the 31st of February, hour 0 or 13, minute 60 and the suffix -1 in one go.
  if (!(time >= 0 && time < END_OF_NAMES_MS) || formatVersion(time, copy) !== text) return undefined
  return { time, copy }
}
