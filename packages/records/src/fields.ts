import { type CanonicalValue, utf8Encode } from '@bitdust/crypto'
import { invalid } from './errors.ts'

/**
 * One value and its form on the wire, both ways. Both directions check, so nothing can be written that could not be read.
 * `path` names the field in errors, as in `members.lines[3].rights[0]`; every refusal is a RecordError, `RecordInvalid`
 * unless the field says otherwise.
 */
export interface Field<T> {
  encode(value: T, path: string): CanonicalValue
  decode(value: CanonicalValue, path: string): T
}

/** The TypeScript type of what a field holds. */
export type ValueOf<F> = F extends Field<infer T> ? T : never

/** Fields by name, one for each property of `T`. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> }

/** A choice between forms: an object with exactly one of the keys of `T`. */
export type OneOf<T> = { readonly [K in keyof T]: { readonly [P in K]: T[P] } }[keyof T]

/** Text of at most `maxBytes` bytes of UTF-8. Lone surrogates are refused: they have no UTF-8. */
export function text(maxBytes: number): Field<string> {
  return inPlace((value, path) => {
    if (typeof value !== 'string') return invalid(path, `got ${nameOf(value)}, expected text`)
    if (!value.isWellFormed()) return invalid(path, 'text is not well-formed Unicode')
    // A UTF-16 unit takes at most 3 bytes, which settles most texts without encoding them.
    const size = value.length * 3 <= maxBytes ? 0 : utf8Encode(value).length
    if (size > maxBytes) return invalid(path, `text of ${size} bytes, limit is ${maxBytes}`)
    return value
  })
}

/** Whole number from `min` to `max`, both included and both safe integers. */
export function integer(min: number, max: number): Field<number> {
  return inPlace((value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      return invalid(path, `got ${nameOf(value)}, expected a whole number`)
    if (value < min || value > max) return invalid(path, `got ${value}, expected ${min} to ${max}`)
    return value
  })
}

/** Whole number from 0 to `max`. @default 2^53 - 1 */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Field<number> {
  return integer(0, max)
}

/** Exactly `length` bytes. Neither copied when encoded nor when decoded. */
export function bytes(length: number): Field<Uint8Array> {
  return byteString(length, length)
}

/** At most `max` bytes. */
export function bytesUpTo(max: number): Field<Uint8Array> {
  return byteString(0, max)
}

function byteString(min: number, max: number): Field<Uint8Array> {
  const expected = min === max ? `${max}` : `at most ${max}`
  return inPlace((value, path) => {
    if (!(value instanceof Uint8Array)) return invalid(path, `got ${nameOf(value)}, expected bytes`)
    if (value.length < min || value.length > max) return invalid(path, `${value.length} bytes, expected ${expected}`)
    return value
  })
}

/** Yes or no. */
export const flag: Field<boolean> = inPlace((value, path) =>
  typeof value === 'boolean' ? value : invalid(path, `got ${nameOf(value)}, expected true or false`),
)

/** One of the given texts. */
export function choice<const T extends string>(...options: readonly T[]): Field<T> {
  return inPlace((value, path) => {
    const found = options.find((option) => option === value)
    return found ?? invalid(path, `expected one of ${options.join(', ')}`)
  })
}

/** The value, or `null`. An absent value is written as null: nothing is left out of what is signed. */
export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    encode: (value, path) => (value === null ? null : field.encode(value, path)),
    decode: (value, path) => (value === null ? null : field.decode(value, path)),
  }
}

/** At most `max` values, in the order given. */
export function list<T>(field: Field<T>, max: number): Field<readonly T[]> {
  return {
    encode: (values, path) => requireCount(values, max, path).map((value, i) => field.encode(value, `${path}[${i}]`)),
    decode(values, path) {
      if (!Array.isArray(values)) return invalid(path, `got ${nameOf(values)}, expected a list`)
      return requireCount(values, max, path).map((value, i) => field.decode(value, `${path}[${i}]`))
    },
  }
}

/**
 * At most `max` values of which no two are equal by `compare`, in ascending order: encoding sorts them, decoding demands
 * the order. So equal sets have equal bytes.
 */
export function sortedList<T>(field: Field<T>, max: number, compare: (a: T, b: T) => number): Field<readonly T[]> {
  const inOrder = refine(list(field, max), (values) => {
    const wrong = values.findIndex((value, i) => i > 0 && compare(values[i - 1]!, value) >= 0)
    return wrong === -1 ? null : `item ${wrong} is a repetition or out of order`
  })
  return {
    encode: (values, path) => inOrder.encode(values.toSorted(compare), path),
    decode: (values, path) => inOrder.decode(values, path),
  }
}

/** An object with exactly these properties, written as a map with their names. Unknown and missing ones are refused. */
export function struct<T extends object>(fields: FieldsOf<T>): Field<T> {
  const named = entriesOf(fields)
  return {
    encode: (value, path) =>
      Object.fromEntries(named.map(([name, field]) => [name, field.encode(value[name], `${path}.${name}`)])),
    decode(value, path) {
      const map = requireMap(value, path)
      const unknown = Object.keys(map).find((name) => !Object.hasOwn(fields, name))
      if (unknown !== undefined) return invalid(path, `unknown field ${JSON.stringify(unknown.slice(0, 40))}`)
      return build(named, (name, field) => {
        const raw = Object.hasOwn(map, name) ? map[name] : undefined
        return raw === undefined ? invalid(`${path}.${name}`, 'missing') : field.decode(raw, `${path}.${name}`)
      })
    },
  }
}

/** Like {@link struct}, written as a list of the values in the order of declaration: for what occurs in large numbers. */
export function row<T extends object>(fields: FieldsOf<T>): Field<T> {
  const named = entriesOf(fields)
  return {
    encode: (value, path) => named.map(([name, field]) => field.encode(value[name], `${path}.${name}`)),
    decode(value, path) {
      if (!Array.isArray(value) || value.length !== named.length)
        return invalid(path, `expected a list of ${named.length} values`)
      return build(named, (name, field, i) => field.decode(value[i]!, `${path}.${name}`))
    },
  }
}

/** Exactly one of several forms, told apart by its key: `oneOf({ identity: fingerprint, holderOf: uint() })`. */
export function oneOf<T extends object>(forms: FieldsOf<T>): Field<OneOf<T>> {
  const named = entriesOf(forms)
  const names = named.map(([name]) => name).join(', ')
  function chosen(value: object, path: string): (typeof named)[number] {
    const keys = Object.keys(value)
    const form = named.find(([name]) => name === keys[0])
    return keys.length === 1 && form !== undefined ? form : invalid(path, `expected exactly one of ${names}`)
  }
  return {
    encode(value, path) {
      const [name, field] = chosen(value, path)
      return { [name]: field.encode((value as T)[name], `${path}.${name}`) }
    },
    decode(value, path) {
      const map = requireMap(value, path)
      const [name, field] = chosen(map, path)
      return { [name]: field.decode(map[name]!, `${path}.${name}`) } as OneOf<T>
    },
  }
}

/** A field with one more rule, checked both ways. `problem` returns what is wrong with the value, or null. */
export function refine<T>(field: Field<T>, problem: (value: T) => string | null, refuse = invalid): Field<T> {
  function check(value: T, path: string): T {
    const found = problem(value)
    return found === null ? value : refuse(path, found)
  }
  return {
    encode: (value, path) => field.encode(check(value, path), path),
    decode: (value, path) => check(field.decode(value, path), path),
  }
}

/** A field of values which look the same in memory and on the wire. */
export function inPlace<T extends CanonicalValue>(check: (value: CanonicalValue, path: string) => T): Field<T> {
  return { encode: check, decode: check }
}

type NamedField<T> = readonly [name: keyof T & string, field: Field<T[keyof T]>]

/** `Object.entries` forgets which names an object has; this is where they are given back. */
function entriesOf<T extends object>(fields: FieldsOf<T>): readonly NamedField<T>[] {
  return Object.entries(fields) as unknown as NamedField<T>[]
}

/** An object with one property for each field; the cast states what the loop did. */
function build<T extends object>(
  named: readonly NamedField<T>[],
  read: (name: string, field: Field<T[keyof T]>, index: number) => T[keyof T],
): T {
  return Object.fromEntries(named.map(([name, field], i) => [name, read(name, field, i)])) as T
}

function requireCount<T>(values: readonly T[], max: number, path: string): readonly T[] {
  return values.length <= max ? values : invalid(path, `${values.length} items, limit is ${max}`)
}

function requireMap(value: CanonicalValue, path: string): { readonly [name: string]: CanonicalValue } {
  return isMap(value) ? value : invalid(path, `got ${nameOf(value)}, expected a map`)
}

function isMap(value: CanonicalValue): value is { readonly [name: string]: CanonicalValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return 'bytes'
  return Array.isArray(value) ? 'a list' : typeof value
}
