import { concatBytes } from './bytes.ts'

// The part of DER (ITU-T X.690) that RSA keys need: definite, minimal lengths; no tags above 30.

/** Tag of an INTEGER. */
export const DER_INTEGER = 0x02
/** Tag of a BIT STRING. */
export const DER_BIT_STRING = 0x03
/** Tag of an OCTET STRING. */
export const DER_OCTET_STRING = 0x04
/** Tag of a SEQUENCE. */
export const DER_SEQUENCE = 0x30

/** One element: its tag and its content. */
export interface DerElement {
  readonly tag: number
  /** A view into the input. */
  readonly content: Uint8Array
}

/**
 * Splits bytes into DER elements, as inside a SEQUENCE.
 *
 * @returns The elements, or `null` if the bytes are not strict DER to the last one.
 */
export function readDer(bytes: Uint8Array): DerElement[] | null {
  const elements: DerElement[] = []
  let offset = 0
  while (offset < bytes.length) {
    const header = readHeader(bytes, offset)
    if (header === null || header.end > bytes.length) return null
    elements.push({ tag: bytes[offset]!, content: bytes.subarray(header.start, header.end) })
    offset = header.end
  }
  return elements
}

/** The content of the one element of tag `tag` that `bytes` must be, or `null`. */
export function readSingleDer(bytes: Uint8Array, tag: number): Uint8Array | null {
  const elements = readDer(bytes)
  const only = elements?.length === 1 ? elements[0] : undefined
  return only?.tag === tag ? only.content : null
}

/**
 * The magnitude of a non-negative INTEGER, without its leading zero byte, or `null` if it is negative or not minimal.
 * The content of an SSH `mpint` (RFC 4251 §5) follows the same rules, except that zero is empty there.
 */
export function readUnsigned(content: Uint8Array): Uint8Array | null {
  const [first, second] = content
  if (first === undefined || first >= 0x80) return null
  if (first !== 0) return content
  if (second === undefined) return content
  return second >= 0x80 ? content.subarray(1) : null
}

/** The content of an INTEGER of this magnitude: a zero byte goes before a set high bit. */
export function writeUnsigned(magnitude: Uint8Array): Uint8Array {
  return (magnitude[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), magnitude) : magnitude
}

/** Writes one element. */
export function writeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...content)
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 255)
  const header = body.length < 0x80 ? [tag, body.length] : [tag, 0x80 | length.length, ...length]
  return concatBytes(Uint8Array.from(header), body)
}

/** Where the content of the element at `offset` starts and ends. */
function readHeader(bytes: Uint8Array, offset: number): { start: number; end: number } | null {
  const tag = bytes[offset]!
  const first = bytes[offset + 1]
  if ((tag & 0x1f) === 0x1f || first === undefined) return null
  if (first < 0x80) return { start: offset + 2, end: offset + 2 + first }
  // Three length bytes are 16 MiB, more than any key.
  const lengthBytes = first & 0x7f
  if (lengthBytes < 1 || lengthBytes > 3) return null
  const start = offset + 2 + lengthBytes
  const digits = bytes.subarray(offset + 2, start)
  if (digits.length < lengthBytes) return null
  const length = digits.reduce((value, digit) => value * 256 + digit, 0)
  const isMinimal = digits[0] !== 0 && length >= 0x80
  return isMinimal ? { start, end: start + length } : null
}
