import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import {
  type Fingerprint,
  fromBase64,
  fromBase64Url,
  inspectKeyFile,
  parseFingerprint,
  readKeyFile,
  sha256,
  toBase64,
  toHex,
  utf8Decode,
} from '@bitdust/crypto'
import { readLegacyKey } from '@bitdust/identity'
import { NodeError } from './errors.ts'
import { type KeyEnvelope, openKeyEnvelope } from './keys/key-envelope.ts'

/** Sizes of the original's keys and ours, in bits. */
const MIN_BITS = 1024
const MAX_BITS = 4096
/** 65537, the exponent of them all, as a JSON Web Key writes it. */
const EXPONENT = 'AQAB'
/** Where the format of OpenSSH's private keys begins (`PROTOCOL.key` of OpenSSH). */
const OPENSSH_MAGIC = 'openssh-key-v1\0'

/** What a key file says, without the key. */
export interface KeyDescription {
  readonly format: KeyEnvelope['format']
  /** `alias$user@host`; null where neither the file nor its name tells. */
  readonly keyId: string | null
  readonly kind: 'private' | 'public'
  /** Null where a passphrase hides it. */
  readonly bits: number | null
  /** SHA-256 over the SubjectPublicKeyInfo. Null where a passphrase hides the key. */
  readonly fingerprint: Fingerprint | null
  readonly label: string | null
}

/** What the text of a key itself tells. */
type Body = Pick<KeyDescription, 'kind' | 'bits' | 'fingerprint'>

/**
 * Describes a key file of ours or of the original. Looks, asks for no passphrase, and never shows the private part.
 *
 * @param fileName - Where the text came from: the original keeps the key id in the name of the file.
 * @throws {NodeError} `KeyMalformed` for what is no key file, or holds no RSA key of 1024 to 4096 bits whose numbers
 *   belong together; {@link CryptoError} for a damaged file of ours.
 */
export async function inspectKey(text: string, fileName: string): Promise<KeyDescription> {
  const { format, keyId, label, body } = openKeyEnvelope(text, fileName)
  if (format === 'bitdust') return inspectOurs(text)
  return { format, keyId, ...(await readBody(body)), label }
}

async function inspectOurs(text: string): Promise<KeyDescription> {
  const { keyId, kind, bits, fingerprint, label, isEncrypted } = inspectKeyFile(text)
  // In the open the header can be held against the key; under a passphrase it is all there is to see.
  if (!isEncrypted) await readKeyFile(text)
  return { format: 'bitdust', keyId, kind, bits, fingerprint, label: label ?? null }
}

async function readBody(body: string): Promise<Body> {
  if (body.startsWith('ssh-')) return { kind: 'public', ...(await readSshLine(body)) }
  const [label = '', ...more] = [...body.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map((match) => match[1])
  if (!body.startsWith('-----BEGIN') || more.length > 0) throw malformed('the file holds not exactly one key')
  switch (label) {
    case 'OPENSSH PRIVATE KEY':
      return { kind: 'private', ...(await readSshLine(publicLineOf(body))) }
    case 'ENCRYPTED PRIVATE KEY':
      return locked(body)
    case 'RSA PRIVATE KEY':
    case 'PRIVATE KEY':
      return /^Proc-Type: *4, *ENCRYPTED/m.test(body) ? locked(body) : describe('private', () => createPrivateKey(body))
    case 'RSA PUBLIC KEY':
    case 'PUBLIC KEY':
      return describe('public', () => createPublicKey(body))
    default:
      throw malformed(`the file holds ${JSON.stringify(label)}, not a key`)
  }
}

/** A private key under a passphrase hides even its size. Whether the text is whole shows only when it is unlocked. */
function locked(body: string): Body {
  const end = /-----END [A-Z ]+-----$/.exec(body)
  // Line by line: one expression for all of it takes a minute for a file of line breaks.
  const lines = body.slice(0, end?.index).split('\n').slice(1)
  const damaged = lines.findLastIndex((line) => !/^[A-Za-z0-9+/=\s]*$/.test(line))
  if (end === null || lines.slice(damaged + 1).join('\n').length < 64) throw malformed('the PEM text is damaged')
  return { kind: 'private', bits: null, fingerprint: null }
}

async function readSshLine(line: string): Promise<Omit<Body, 'kind'>> {
  try {
    const { bits, fingerprint } = await readLegacyKey(line)
    return { bits, fingerprint }
  } catch (cause) {
    throw malformed('the key is not an RSA key in OpenSSH form', cause)
  }
}

/**
 * The public key of an OpenSSH private key, which stands in the open even under a passphrase: magic, then as u32 length +
 * bytes: cipher, key derivation, its options; u32 number of keys; public key.
 */
function publicLineOf(pem: string): string {
  const base64 = /^-----BEGIN OPENSSH PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----$/.exec(
    pem,
  )?.[1]
  const bytes = orNull(() => fromBase64((base64 ?? '').replaceAll(/\s/g, '')))
  if (bytes === null || orNull(() => utf8Decode(bytes.subarray(0, OPENSSH_MAGIC.length))) !== OPENSSH_MAGIC)
    throw malformed('the PEM text is damaged')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = OPENSSH_MAGIC.length
  const field = () => {
    if (at + 4 > bytes.length || at + 4 + view.getUint32(at) > bytes.length) throw malformed('the key ends too early')
    const start = at + 4
    at = start + view.getUint32(at)
    return bytes.subarray(start, at)
  }
  for (let skipped = 0; skipped < 3; skipped++) field()
  at += 4
  return `ssh-rsa ${toBase64(field())}`
}

function describe(kind: KeyDescription['kind'], read: () => KeyObject): Body {
  const key = readPem(read)
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (key.asymmetricKeyType !== 'rsa' || bits === undefined || bits < MIN_BITS || bits > MAX_BITS)
    throw malformed(`the key is not an RSA key of ${MIN_BITS} to ${MAX_BITS} bits`)
  const jwk = readPem(() => key.export({ format: 'jwk' }))
  if (jwk.e !== EXPONENT || numberIn(jwk.n) % 2n === 0n)
    throw malformed('the key has an even modulus or an odd exponent')
  if (kind === 'private' && !belongTogether(jwk))
    throw malformed('the numbers of the private key do not belong together')
  const spki = (kind === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' })
  return { kind, bits, fingerprint: parseFingerprint(toHex(sha256(spki))) }
}

function readPem<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw malformed('the PEM text is damaged, or its key is of another kind', cause)
  }
}

/** RFC 8017 section 3.2. Node takes any numbers, and one that is wrong gives the key away when it signs. */
function belongTogether({ n, e, d, p, q, dp, dq, qi }: JsonWebKey): boolean {
  const [modulus, exponent, secret] = [numberIn(n), numberIn(e), numberIn(d)]
  const [first, second] = [numberIn(p), numberIn(q)]
  if (first <= 1n || second <= 1n || first * second !== modulus) return false
  return (
    (exponent * secret) % (first - 1n) === 1n &&
    (exponent * secret) % (second - 1n) === 1n &&
    numberIn(dp) === secret % (first - 1n) &&
    numberIn(dq) === secret % (second - 1n) &&
    (second * numberIn(qi)) % first === 1n
  )
}

function numberIn(base64Url: string | undefined): bigint {
  return BigInt(`0x0${toHex(fromBase64Url(base64Url ?? ''))}`)
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

function malformed(message: string, cause?: unknown): NodeError {
  return new NodeError('KeyMalformed', message, cause === undefined ? {} : { cause })
}
