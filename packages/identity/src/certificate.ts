import {
  type CanonicalValue,
  type DeviceId,
  type DevicePublicKey,
  decodeCanonical,
  encodeCanonical,
  type Fingerprint,
  fromBase64,
  fromHex,
  importDevicePublicKey,
  importRsaPublicKey,
  LABELS,
  parseFingerprint,
  type RsaPrivateKey,
  type RsaPublicKey,
  toBase64,
  toHex,
} from '@bitdust/crypto'
import type { IdentityDocument } from './document/identity-document.ts'
import { MAX_CERTIFICATE_CHARACTERS } from './document/limits.ts'
import { IdentityError } from './errors.ts'
import { peerIdOfDevice } from './peer-id.ts'

/** What the master key says about one device of its identity. */
export interface DeviceCertificate {
  /** The identity that the device belongs to. */
  readonly fingerprint: Fingerprint
  /** Ed25519 public key of the device, 32 bytes. */
  readonly device: Uint8Array
  readonly deviceKey: DevicePublicKey
  /** libp2p peer id, derived from the device key. */
  readonly peerId: string
  /** Name that the owner gave to the device; at most 64 characters, no control characters. */
  readonly label: string
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Milliseconds since the epoch, after `created`. */
  readonly expires: number
  /** RSA key of an enrolled device, to which location secrets are sealed. Absent where the master key itself lives. */
  readonly encryptionKey?: RsaPublicKey
  /** The certificate as it stands in the identity document. */
  readonly text: string
}

/** What {@link signCertificate} needs. */
export interface CertificateRequest {
  /** Ed25519 public key of the device. */
  readonly device: DevicePublicKey
  /** @see DeviceCertificate.label */
  readonly label: string
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Milliseconds since the epoch. */
  readonly expires: number
  readonly encryptionKey?: RsaPublicKey
}

/** Clocks differ: a certificate counts this long before `created` and after `expires`, in ms (`threats.md` A18). */
export const CERTIFICATE_GRACE_MS = 60 * 60 * 1000

const VERSION = 1
const MAX_BYTES = (MAX_CERTIFICATE_CHARACTERS / 4) * 3
const MAX_LABEL_CHARACTERS = 64
const FIELDS: readonly string[] = ['v', 'fingerprint', 'device', 'label', 'created', 'expires', 'encryptionKey']

/**
 * Certifies a device: the record below, signed by the master key, as base64 for a `<certificate>` element.
 *
 * Form: base64(canonical CBOR [ body, signature ]), body = canonical CBOR { v: 1, fingerprint: 32 bytes, device: 32 bytes,
 * label: text, created: ms, expires: ms, encryptionKey?: SPKI }, signature = PSS over (label `certificate`, body).
 *
 * @throws {IdentityError} `RecordInvalid` when label or times break their rules.
 */
export async function signCertificate(request: CertificateRequest, key: RsaPrivateKey): Promise<string> {
  const { device, label, created, expires, encryptionKey } = request
  checkClaims(label, created, expires)
  const body = encodeCanonical({
    v: VERSION,
    fingerprint: fromHex(key.publicKey.fingerprint),
    device: device.bytes,
    label,
    created,
    expires,
    ...(encryptionKey === undefined ? {} : { encryptionKey: encryptionKey.spki }),
  })
  return toBase64(encodeCanonical([body, await key.sign(LABELS.certificate, body)]))
}

/**
 * Opens a certificate and checks that this key signed it for its own identity. Expiry is for the caller, because old
 * statements stay valid after it: see {@link isCertificateCurrent}.
 *
 * @throws {IdentityError} `RecordInvalid`, `VersionUnsupported`, or `IdentitySignatureInvalid` when another key signed.
 */
export async function openCertificate(text: string, publicKey: RsaPublicKey): Promise<DeviceCertificate> {
  const { body, signature, ...claims } = readCertificate(text)
  if (claims.fingerprint !== publicKey.fingerprint || !(await publicKey.verify(LABELS.certificate, body, signature))) {
    throw new IdentityError('IdentitySignatureInvalid', 'device certificate is not signed by this identity', {
      subject: publicKey.fingerprint,
    })
  }
  const { device, label, created, expires, fingerprint } = claims
  const deviceKey = decode(() => importDevicePublicKey(device))
  const certificate = { fingerprint, device, deviceKey, peerId: peerIdOfDevice(device), label, created, expires, text }
  if (claims.encryptionKey === undefined) return certificate
  try {
    return { ...certificate, encryptionKey: await importRsaPublicKey(claims.encryptionKey) }
  } catch (cause) {
    throw invalid('has an unacceptable encryption key', cause)
  }
}

/** True while a certificate lets its device open connections and sign new entries, with an hour of grace both ways. */
export function isCertificateCurrent({ created, expires }: DeviceCertificate, now: number): boolean {
  return now >= created - CERTIFICATE_GRACE_MS && now < expires + CERTIFICATE_GRACE_MS
}

/**
 * Looks a device up in an identity document.
 *
 * @param now - Milliseconds since the epoch.
 * @returns The current certificate that lasts longest, or null: the identity does not name this device (any more). Items
 *   which are no certificates, or were not signed by the identity, are passed over.
 */
export async function deviceOf(
  document: IdentityDocument,
  device: DeviceId,
  now: number,
): Promise<DeviceCertificate | null> {
  let best: DeviceCertificate | null = null
  for (const text of document.certificates) {
    const certificate = await openIfOf(device, text, document.publicKey)
    if (certificate === null || !isCertificateCurrent(certificate, now)) continue
    if (best === null || certificate.expires > best.expires) best = certificate
  }
  return best
}

/** Compares the device before the signature is verified, which costs a thousand times more. */
async function openIfOf(device: DeviceId, text: string, publicKey: RsaPublicKey): Promise<DeviceCertificate | null> {
  try {
    return toHex(readCertificate(text).device) === device ? await openCertificate(text, publicKey) : null
  } catch {
    return null
  }
}

interface CertificateClaims {
  readonly fingerprint: Fingerprint
  readonly device: Uint8Array
  readonly label: string
  readonly created: number
  readonly expires: number
  readonly encryptionKey?: Uint8Array
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

/** Reads without verifying. */
function readCertificate(text: string): CertificateClaims {
  if (text.length > MAX_CERTIFICATE_CHARACTERS) throw invalid(`has ${text.length} characters`)
  const envelope = decode(() => decodeCanonical(fromBase64(text), { maxBytes: MAX_BYTES }))
  if (!Array.isArray(envelope) || envelope.length !== 2) throw invalid('is not a pair of body and signature')
  const [body, signature] = envelope
  if (!(body instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw invalid('is not a pair of byte strings')
  return { ...readClaims(decode(() => decodeCanonical(body, { maxBytes: MAX_BYTES }))), body, signature }
}

function readClaims(record: CanonicalValue): Omit<CertificateClaims, 'body' | 'signature'> {
  if (!isMap(record)) throw invalid('has a body that is no map')
  const { v, fingerprint, device, label, created, expires, encryptionKey } = record
  if (v !== VERSION)
    throw new IdentityError('VersionUnsupported', `device certificate has version ${String(v)}, expected ${VERSION}`)
  const odd = Object.keys(record).find((name) => !FIELDS.includes(name))
  if (odd !== undefined) throw invalid(`has an unknown field ${odd}`)
  if (!isBytes(fingerprint, 32) || !isBytes(device, 32)) throw invalid('has no fingerprint or device of 32 bytes')
  if (typeof label !== 'string' || typeof created !== 'number' || typeof expires !== 'number')
    throw invalid('lacks label or times')
  checkClaims(label, created, expires)
  const claims = { fingerprint: parseFingerprint(toHex(fingerprint)), device, label, created, expires }
  if (encryptionKey === undefined) return claims
  if (!(encryptionKey instanceof Uint8Array)) throw invalid('has an encryption key that is no byte string')
  return { ...claims, encryptionKey }
}

function checkClaims(label: string, created: number, expires: number): void {
  if (label.length > MAX_LABEL_CHARACTERS || /\p{Cc}/u.test(label))
    throw invalid('has a label that is too long or holds control characters')
  if (!Number.isSafeInteger(created) || !Number.isSafeInteger(expires) || created < 0 || expires <= created) {
    throw invalid(`is valid from ${created} to ${expires}, expected whole ms in that order`)
  }
}

function isMap(value: CanonicalValue): value is { readonly [key: string]: CanonicalValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function isBytes(value: unknown, size: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === size
}

function decode<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw invalid('cannot be decoded', cause)
  }
}

function invalid(rule: string, cause?: unknown): IdentityError {
  return new IdentityError('RecordInvalid', `device certificate ${rule}`, cause === undefined ? {} : { cause })
}
