import { decode, encode, type Token, Tokenizer, Type } from 'cborg'
import { equalBytes, utf8Decode } from './bytes.ts'
import { CryptoError } from './errors.ts'

/** Levels of arrays and maps inside each other. */
export const MAX_CANONICAL_DEPTH = 32

/**
 * What {@link encodeCanonical} can write. Numbers are integers from -(2^53 - 1) to 2^53 - 1; strings are well-formed
 * Unicode; map keys are strings other than `__proto__`.
 */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue }

/**
 * Writes a value as deterministic CBOR (RFC 8949 §4.2.1): equal values give equal bytes.
 *
 * @throws {CryptoError} `RecordInvalid` for a value that {@link CanonicalValue} does not allow, `LimitExceeded` for
 * more than {@link MAX_CANONICAL_DEPTH} levels.
 */
export function encodeCanonical(value: CanonicalValue): Uint8Array {
  checkValue(value, 0)
  // Its order of keys, shorter first and then bytewise, is §4.2.1's for keys that are text. The copy is because on Node
  // the library gives a Buffer out of a shared pool.
  return new Uint8Array(encode(value))
}

/**
 * Reads deterministic CBOR. Only what {@link encodeCanonical} writes is accepted: re-encoding gives the input, so two
 * byte strings never mean the same. Byte strings in the result are copies.
 *
 * @param options.maxBytes - Longest input accepted.
 * @throws {CryptoError} `LimitExceeded` for a longer or too deep input, `RecordInvalid` for anything else: tags,
 * floats, indefinite lengths, repeated or unsorted keys, numbers that are not minimal or not safe, trailing bytes.
 */
export function decodeCanonical(bytes: Uint8Array, { maxBytes }: { readonly maxBytes: number }): CanonicalValue {
  if (bytes.length > maxBytes) {
    throw new CryptoError('LimitExceeded', `record is ${bytes.length} bytes, limit is ${maxBytes}`)
  }
  const value = decodeStrict(bytes)
  // The tokenizer refuses what must not be read at all; comparing catches every second spelling of the rest.
  if (!equalBytes(encodeCanonical(value), bytes)) throw new CryptoError('RecordInvalid', 'CBOR is not deterministic')
  return value
}

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
} as const

function decodeStrict(bytes: Uint8Array): CanonicalValue {
  try {
    // The tokenizer lets nothing through that is not a CanonicalValue.
    return decode(bytes, { ...DECODE_OPTIONS, tokenizer: new StrictTokenizer(bytes) }) as CanonicalValue
  } catch (cause) {
    if (cause instanceof CryptoError) throw cause
    throw new CryptoError('RecordInvalid', 'not valid CBOR', { cause })
  }
}

/** Refuses floats, tags and deep nesting before anything is built from them, and reads text strictly. */
class StrictTokenizer extends Tokenizer {
  /** For each open array or map, how many items are still to come. */
  readonly #open: number[] = []

  constructor(bytes: Uint8Array) {
    // A Buffer's slice() is a view: byte strings of the result would change with the input.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), DECODE_OPTIONS)
  }

  override next(): Token {
    const token = super.next()
    if (token.type === Type.array || token.type === Type.map) {
      this.#enter(token.type === Type.map ? token.value * 2 : token.value)
      return token
    }
    if (token.type === Type.float || token.type === Type.tag || token.type === Type.undefined) {
      throw new CryptoError('RecordInvalid', `CBOR type ${token.type.name} is not allowed`)
    }
    // cborg replaces malformed text and drops a byte order mark.
    if (token.byteValue !== undefined) token.value = utf8Decode(token.byteValue)
    this.#leave()
    return token
  }

  #enter(items: number): void {
    if (this.#open.length === MAX_CANONICAL_DEPTH) throw tooDeep()
    this.#open.push(items)
    if (items === 0) {
      this.#open.pop()
      this.#leave()
    }
  }

  /** One item ended, and with it every container of which it was the last one. */
  #leave(): void {
    for (let level = this.#open.length - 1; level >= 0; level--) {
      this.#open[level]! -= 1
      if (this.#open[level] !== 0) return
      this.#open.pop()
    }
  }
}

function checkValue(value: CanonicalValue, depth: number): void {
  if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new CryptoError('RecordInvalid', `${value} is not a safe integer`)
    return
  }
  if (typeof value === 'string') {
    checkText(value)
    return
  }
  if (depth === MAX_CANONICAL_DEPTH) throw tooDeep()
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth + 1)
    return
  }
  if (typeof value !== 'object' || Object.prototype.toString.call(value) !== '[object Object]') {
    throw new CryptoError('RecordInvalid', `a ${typeof value} cannot be encoded`)
  }
  for (const [key, item] of Object.entries(value)) {
    // As a key of a plain object it would set the prototype wherever a reader copies the record.
    if (key === '__proto__') throw new CryptoError('RecordInvalid', 'key __proto__ is not allowed')
    checkText(key)
    checkValue(item, depth + 1)
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw new CryptoError('RecordInvalid', 'text has a lone surrogate')
}

function tooDeep(): CryptoError {
  return new CryptoError('LimitExceeded', `more than ${MAX_CANONICAL_DEPTH} levels of nesting`)
}
