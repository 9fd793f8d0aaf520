import { fromBase32, toBase32 } from './base32.ts'
import { concatBytes, equalBytes, fromHex, toHex } from './bytes.ts'
import { type CanonicalValue, decodeCanonical, encodeCanonical } from './canonical.ts'
import { CryptoError, isBitdustError } from './errors.ts'
import { parseFingerprint } from './fingerprint.ts'
import { fingerprintWords } from './fingerprint-words.ts'
import { sha256 } from './hash.ts'
import type { KeyFile } from './key-file.ts'
import { laterGeneration, nameField } from './key-file-text.ts'
import { importRsaPrivateKey } from './rsa.ts'
import { numbersOfPrimes } from './rsa-primes.ts'
import { readPkcs8, writePkcs8 } from './rsa-private-numbers.ts'

/** Version that is written, and the only one that is read. */
const VERSION = 1
/** 40 characters in eight groups: what the eye keeps on one line. */
const LINE_BYTES = 25
const GROUP = /.{1,5}/g
/** Two characters are 10 bits: a mistake slips through once in 1024, and then the check of all lines finds it. */
const LINE_CHECK_CHARACTERS = 2
/** Of the check over all lines. */
const CHECK_BYTES = 8
/** A key of 4096 bits takes 26; the rest is for a long key id. */
const MAX_LINES = 64
const MAX_PAPER_CHARACTERS = 16_384
const NUMBERED_LINE = /^[ \t]*(\d{1,2})[.:)]?[ \t]+([0-9A-Za-z][0-9A-Za-z \t-]*)$/

// Payload:  version u8 · canonical CBOR map of keyId, p and q (the primes, big-endian) and, where they are known,
//           creator (32 bytes) and generation · first 8 bytes of SHA-256 over all of that.
// Line i:   i · 25 bytes of the payload (the last line: the rest) in base32, in groups of five · two characters more:
//           the first 10 bits of SHA-256(u8 i · those bytes). Everything that is no numbered line is for people.

/**
 * A private key as text for paper: few enough lines to be typed back, each with its own check. In the open: whoever
 * has the paper has the key. The label is left out.
 *
 * @returns About 16 lines for 2048 bits, 21 for 3072, 26 for 4096, and some for people.
 * @throws {CryptoError} `KeyMalformed` for a key id that is empty, too long or has control characters; `LimitExceeded`
 * for one that makes it more than 64 lines.
 */
export async function formatPaperKey(file: KeyFile & { readonly kind: 'private' }): Promise<string> {
  const pkcs8 = await file.key.exportPkcs8()
  const [, , , p, q] = readPkcs8(pkcs8)!
  const fields: { [name: string]: CanonicalValue } = {
    keyId: nameField(file.keyId, 'keyId'),
    ...(file.creator === undefined ? {} : { creator: fromHex(file.creator) }),
    ...(file.generation === undefined ? {} : { generation: laterGeneration(file.generation) }),
    p: p!,
    q: q!,
  }
  const content = concatBytes(Uint8Array.of(VERSION), encodeCanonical(fields))
  pkcs8.fill(0)
  const payload = concatBytes(content, checkOf(content))
  const count = Math.ceil(payload.length / LINE_BYTES)
  if (count > MAX_LINES) throw new CryptoError('LimitExceeded', `paper key has ${count} lines, limit is ${MAX_LINES}`)
  const lines = Array.from({ length: count }, (_, index) => {
    const bytes = payload.subarray(index * LINE_BYTES, (index + 1) * LINE_BYTES)
    const number = index + 1
    return `${String(number).padStart(2)}  ${toBase32(bytes).match(GROUP)?.join(' ')}  ${lineCheck(number, bytes)}`
  })
  return [
    'BitDust key on paper. Whoever has these lines has the key.',
    `Key: ${file.keyId}, RSA ${file.key.bits} bits`,
    `Fingerprint: ${fingerprintWords(file.key.publicKey.fingerprint)}`,
    '',
    ...lines,
    '',
    'To get it back, type the numbered lines into a file and import that. There is no letter I, L, O or U in them,',
    'case and spaces do not matter, and the two characters at the end of a line show whether it was typed right.',
    '',
  ].join('\n')
}

/** Whether a text is to be read by {@link readPaperKey}: it has a numbered line 1. */
export function isPaperKey(text: string): boolean {
  return text.length <= MAX_PAPER_CHARACTERS && numberedLines(text)[0]?.number === 1
}

/**
 * Reads a key that was typed from paper. Undoes {@link formatPaperKey}; case, spaces and lines without number do not
 * matter, O is taken for 0, I and L for 1.
 *
 * @throws {CryptoError} `LimitExceeded` above 16 KiB or 64 lines; `VersionUnsupported`; `KeyMalformed`, naming the
 * first line that is missing or mistyped.
 */
export async function readPaperKey(text: string): Promise<KeyFile & { readonly kind: 'private' }> {
  if (text.length > MAX_PAPER_CHARACTERS) {
    throw new CryptoError('LimitExceeded', `text has ${text.length} characters, limit is ${MAX_PAPER_CHARACTERS}`)
  }
  const lines = numberedLines(text)
  if (lines.length > MAX_LINES) throw new CryptoError('LimitExceeded', `a paper key has at most ${MAX_LINES} lines`)
  const payload = concatBytes(...lines.map(({ number, typed }, index) => readLine(number, typed, index, lines.length)))
  const content = payload.subarray(0, Math.max(0, payload.length - CHECK_BYTES))
  const [version] = content
  if (version === undefined || !equalBytes(checkOf(content), payload.subarray(content.length))) {
    throw malformed('lines are missing at the end')
  }
  if (version !== VERSION) throw new CryptoError('VersionUnsupported', `the paper key has version ${version}`)
  const { keyId, creator, generation, p, q, ...more } = readFields(content.subarray(1))
  if (!(p instanceof Uint8Array && q instanceof Uint8Array) || Object.keys(more).length > 0) throw malformed('fields')
  if (p.length > MAX_PRIME_BYTES || q.length > MAX_PRIME_BYTES) throw malformed('a prime is too long')
  const pkcs8 = writePkcs8(numbersOfPrimes(p, q))
  const key = await importRsaPrivateKey(pkcs8)
  pkcs8.fill(0)
  return {
    kind: 'private',
    key,
    keyId: nameField(keyId, 'keyId'),
    ...(creator === undefined ? {} : { creator: parseFingerprint(toHex(bytesOf(creator))) }),
    ...(generation === undefined ? {} : { generation: laterGeneration(generation) }),
  }
}

/** Half of the largest modulus. */
const MAX_PRIME_BYTES = 256

function numberedLines(text: string): readonly { readonly number: number; readonly typed: string }[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, number, typed] = NUMBERED_LINE.exec(line.trimEnd()) ?? []
    return number === undefined || typed === undefined
      ? []
      : [{ number: Number(number), typed: typed.replace(/[ \t-]/g, '') }]
  })
}

function readLine(number: number, typed: string, index: number, lines: number): Uint8Array {
  if (number !== index + 1) throw malformed(`line ${index + 1} is missing`)
  const bytes = tryBase32(typed.slice(0, -LINE_CHECK_CHARACTERS))
  const check = typed.slice(-LINE_CHECK_CHARACTERS).toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1')
  const isWhole = bytes !== null && (bytes.length === LINE_BYTES || (number === lines && bytes.length > 0))
  if (!isWhole || lineCheck(number, bytes) !== check) throw malformed(`line ${number} is mistyped`)
  return bytes
}

function tryBase32(text: string): Uint8Array | null {
  try {
    return fromBase32(text)
  } catch (error) {
    if (isBitdustError(error, 'RecordInvalid')) return null
    throw error
  }
}

function lineCheck(number: number, bytes: Uint8Array): string {
  return toBase32(sha256(Uint8Array.of(number), bytes)).slice(0, LINE_CHECK_CHARACTERS)
}

function checkOf(content: Uint8Array): Uint8Array {
  return sha256(content).subarray(0, CHECK_BYTES)
}

function readFields(bytes: Uint8Array): { readonly [name: string]: CanonicalValue } {
  const value = tryCanonical(bytes)
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)) {
    return value as { readonly [name: string]: CanonicalValue }
  }
  throw malformed('fields')
}

function tryCanonical(bytes: Uint8Array): CanonicalValue {
  try {
    return decodeCanonical(bytes, { maxBytes: MAX_PAPER_CHARACTERS })
  } catch (error) {
    if (isBitdustError(error, 'RecordInvalid')) return null
    throw error
  }
}

function bytesOf(value: CanonicalValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw malformed('creator')
}

function malformed(what: string): CryptoError {
  return new CryptoError('KeyMalformed', `the key on paper cannot be read: ${what}`)
}
