import { utf8Encode } from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'

/** Bytes of UTF-8 in one name of a path: what file systems commonly take. */
export const MAX_COMPONENT_BYTES = 255
/** Names in one path. */
export const MAX_PATH_DEPTH = 64
/** Bytes of UTF-8 in a whole path, separators included. */
export const MAX_PATH_BYTES = 4096

/**
 * Returns a path inside a location: relative, separated by `/`, confined to its root.
 *
 * @throws {IdentityError} `PathUnsafe` for empty, absolute, `.` and `..` components, NUL and other control characters,
 *   text that is not well-formed Unicode, and the limits above (`threats.md` section 7).
 */
export function checkPath(path: string): string {
  const broken = brokenRule(path)
  if (broken === undefined) return path
  throw new IdentityError('PathUnsafe', `path ${JSON.stringify(path.slice(0, 80))} ${broken}`)
}

function brokenRule(path: string): string | undefined {
  // Cheap upper bound first: a character takes at least one byte.
  if (path.length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  if (!path.isWellFormed()) return 'is not well-formed Unicode'
  if (utf8Encode(path).length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  if (/\p{Cc}/u.test(path)) return 'holds a control character'
  const names = path.split('/')
  if (names.length > MAX_PATH_DEPTH) return `is deeper than ${MAX_PATH_DEPTH}`
  if (names.some((name) => name === '')) return 'is absolute or holds an empty name'
  if (names.some((name) => name === '.' || name === '..')) return 'holds . or ..'
  if (names.some((name) => utf8Encode(name).length > MAX_COMPONENT_BYTES)) {
    return `holds a name longer than ${MAX_COMPONENT_BYTES} bytes`
  }
  return undefined
}
