import {
  concatBytes,
  equalBytes,
  type Fingerprint,
  fromBase64,
  fromHex,
  parseFingerprint,
  sha256,
  toBase64Url,
  toHex,
  utf8Encode,
} from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'

const MIN_BITS = 1024
const MAX_BITS = 4096
const EXPONENT = '010001'
const KEY_TYPE = utf8Encode('ssh-rsa')
/** 4096 bits take 1234 decimal digits. */
const MAX_SIGNATURE_DIGITS = 1234

/** A public key of the original: RSA, 1024 to 4096 bits, exponent 65537. For verifying its identity files and nothing else. */
export interface LegacyKey {
  readonly bits: number
  /** SHA-256 over the SubjectPublicKeyInfo, as for every key of BitDust. */
  readonly fingerprint: Fingerprint
  /**
   * Verifies as the original signs: RSASSA-PKCS1-v1_5 with SHA-1 over the raw SHA-1 digest of the text
   * (`original-bitdust.md` 1.2). Neither is safe today, which is why this key authorises nothing.
   *
   * @param decimal - The signature as a plain decimal number. @throws {IdentityError} `IdentityMalformed` for any other form.
   */
  verify(text: Uint8Array, decimal: string): Promise<boolean>
}

/**
 * Reads `ssh-rsa BASE64`, a comment behind it tolerated. Numbers in their shortest form only: a key has one spelling.
 *
 * @throws {IdentityError} `KeyMalformed`
 */
export async function readLegacyKey(line: string): Promise<LegacyKey> {
  const match = /^ssh-rsa ([A-Za-z0-9+/]{1,1024}={0,2})(?: [^\r\n]*)?$/.exec(line)
  if (match?.[1] === undefined) throw malformed('public key is not an ssh-rsa line')
  const [type, exponent, modulus, ...rest] = readStrings(decodeBase64(match[1]))
  if (
    type === undefined ||
    exponent === undefined ||
    modulus === undefined ||
    rest.length > 0 ||
    !equalBytes(type, KEY_TYPE)
  )
    throw malformed('public key does not hold exactly an exponent and a modulus')
  if (toHex(exponent) !== EXPONENT) throw malformed('public exponent is not 65537')
  const plain = unsigned(modulus)
  const bits = plain.length * 8 - Math.clz32(plain[0] ?? 0) + 24
  if (bits < MIN_BITS || bits > MAX_BITS || ((plain.at(-1) ?? 0) & 1) === 0)
    throw malformed(`a modulus of ${bits} bits is not usable`)
  const key = await importForVerifying(plain)
  return {
    bits,
    fingerprint: parseFingerprint(toHex(sha256(spkiOf(plain)))),
    async verify(text, decimal) {
      const signature = signatureBytes(decimal, plain)
      const digest = await crypto.subtle.digest('SHA-1', owned(text))
      return crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, owned(signature), digest)
    },
  }
}

function importForVerifying(modulus: Uint8Array) {
  const jwk = { kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(fromHex(EXPONENT)) }
  return crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }, false, ['verify'])
}

/** The length is checked before any arithmetic. */
function signatureBytes(decimal: string, modulus: Uint8Array): Uint8Array {
  if (decimal.length > MAX_SIGNATURE_DIGITS || !/^[1-9][0-9]*$/.test(decimal))
    throw new IdentityError(
      'IdentityMalformed',
      `signature is not a plain decimal number of at most ${MAX_SIGNATURE_DIGITS} digits`,
    )
  const value = BigInt(decimal)
  if (value >= BigInt(`0x${toHex(modulus)}`))
    throw new IdentityError('IdentityMalformed', 'signature is not below the modulus')
  return fromHex(value.toString(16).padStart(2 * modulus.length, '0'))
}

/** The strings of an SSH blob: u32 length, bytes, to the end. */
function readStrings(blob: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = []
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length)
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) throw malformed('public key ends in the middle of a length')
    const length = view.getUint32(at)
    if (length > blob.length - at - 4) throw malformed('public key ends in the middle of a number')
    strings.push(blob.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return strings
}

/** An mpint (RFC 4251 section 5) without its sign byte, which stands there only before a set high bit. */
function unsigned(mpint: Uint8Array): Uint8Array {
  const [first = 0, second = 0] = mpint
  if (first >= 0x80 || (first === 0 && second < 0x80)) throw malformed('public key holds a number in an odd form')
  return first === 0 ? mpint.subarray(1) : mpint
}

/** SubjectPublicKeyInfo (RFC 5280) of an RSA key with exponent 65537. */
function spkiOf(modulus: Uint8Array): Uint8Array {
  const number = (modulus[0] ?? 0) < 0x80 ? modulus : concatBytes(new Uint8Array(1), modulus)
  const publicKey = der(0x30, concatBytes(der(0x02, number), der(0x02, fromHex(EXPONENT))))
  const algorithm = fromHex('300d06092a864886f70d0101010500')
  return der(0x30, concatBytes(algorithm, der(0x03, concatBytes(new Uint8Array(1), publicKey))))
}

function der(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  if (length < 0x80) return concatBytes(Uint8Array.of(tag, length), content)
  const size = length < 0x100 ? Uint8Array.of(tag, 0x81, length) : Uint8Array.of(tag, 0x82, length >> 8, length & 0xff)
  return concatBytes(size, content)
}

function decodeBase64(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw malformed('public key is not base64', cause)
  }
}

/** WebCrypto takes no views of shared memory; a copy is never one. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('KeyMalformed', message, cause === undefined ? {} : { cause })
}
