import {
  type DeviceKey,
  decodeCanonical,
  deviceKeyFromSeed,
  encodeCanonical,
  fromBase64,
  LABELS,
  toBase64,
} from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CERTIFICATE_GRACE_MS,
  deviceOf,
  isCertificateCurrent,
  openCertificate,
  peerIdOfDevice,
  signCertificate,
  signIdentity,
} from '../src/index.ts'
import { codeOf, expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { aliceKey, bobKey, malloryKey } from './test-keys.ts'

const CREATED = Date.UTC(2026, 0, 1)
const EXPIRES = Date.UTC(2027, 0, 1)
let laptop: DeviceKey
let phone: DeviceKey

beforeAll(async () => {
  laptop = await deviceKeyFromSeed(new Uint8Array(32).fill(1))
  phone = await deviceKeyFromSeed(new Uint8Array(32).fill(2))
})

function certify(
  device: DeviceKey,
  changes: { label?: string; created?: number; expires?: number } = {},
  key = aliceKey,
) {
  return signCertificate(
    { device: device.publicKey, label: 'laptop', created: CREATED, expires: EXPIRES, ...changes },
    key,
  )
}

/** A certificate with any body, signed properly. */
async function certifyBody(body: Parameters<typeof encodeCanonical>[0]): Promise<string> {
  const bytes = encodeCanonical(body)
  return toBase64(encodeCanonical([bytes, await aliceKey.sign(LABELS.certificate, bytes)]))
}

describe('device certificate', () => {
  test('says what was signed', async () => {
    const text = await signCertificate(
      { device: phone.publicKey, label: 'phone', created: CREATED, expires: EXPIRES, encryptionKey: bobKey.publicKey },
      aliceKey,
    )
    const certificate = await openCertificate(text, aliceKey.publicKey)
    expect(certificate).toMatchObject({ label: 'phone', created: CREATED, expires: EXPIRES, text })
    expect(certificate.fingerprint).toBe(aliceKey.publicKey.fingerprint)
    expect(certificate.device).toEqual(phone.publicKey.bytes)
    expect(certificate.deviceKey.id).toBe(phone.publicKey.id)
    expect(certificate.peerId).toBe(peerIdOfDevice(phone.publicKey.bytes))
    expect(certificate.encryptionKey?.fingerprint).toBe(bobKey.publicKey.fingerprint)
    expect((await openCertificate(await certify(laptop), aliceKey.publicKey)).encryptionKey).toBeUndefined()
  })

  test('T01 flip-all: a changed bit is refused', async () => {
    const bytes = fromBase64(await certify(laptop))
    for (const flipped of flipBits(bytes)) {
      const code = await codeOf(() => openCertificate(toBase64(flipped.bytes), aliceKey.publicKey))
      expect(['RecordInvalid', 'IdentitySignatureInvalid', 'VersionUnsupported']).toContain(code)
    }
  })

  test('of another identity is refused, whoever signed it', async () => {
    const text = await certify(laptop, {}, malloryKey)
    await expectCode('IdentitySignatureInvalid', () => openCertificate(text, aliceKey.publicKey))
    const [body] = decodeCanonical(fromBase64(await certify(laptop)), { maxBytes: 4096 }) as [Uint8Array, Uint8Array]
    const forged = toBase64(encodeCanonical([body, await malloryKey.sign(LABELS.certificate, body)]))
    await expectCode('IdentitySignatureInvalid', () => openCertificate(forged, aliceKey.publicKey))
    await expectCode('IdentitySignatureInvalid', () => openCertificate(forged, malloryKey.publicKey))
  })

  test('a signature made for another purpose is refused', async () => {
    const [body] = decodeCanonical(fromBase64(await certify(laptop)), { maxBytes: 4096 }) as [Uint8Array, Uint8Array]
    const forged = toBase64(encodeCanonical([body, await aliceKey.sign(LABELS.identity, body)]))
    await expectCode('IdentitySignatureInvalid', () => openCertificate(forged, aliceKey.publicKey))
  })

  test('bodies which break a rule are refused, signed or not', async () => {
    const bytes32 = new Uint8Array(32)
    const good = { v: 1, fingerprint: bytes32, device: bytes32, label: '', created: 1, expires: 2 }
    const bodies = [
      null,
      [],
      'text',
      bytes32,
      { ...good, fingerprint: new Uint8Array(31) },
      { ...good, device: new Uint8Array(33) },
      { ...good, label: 1 },
      { ...good, label: 'a'.repeat(65) },
      { ...good, label: 'a\n' },
      { ...good, created: -1 },
      { ...good, expires: 1 },
      { ...good, expires: '2' },
      { ...good, encryptionKey: 'key' },
      { ...good, extra: 1 },
    ]
    for (const body of bodies) {
      const code = await codeOf(async () => openCertificate(await certifyBody(body), aliceKey.publicKey))
      expect(code, JSON.stringify(body)).toBe('RecordInvalid')
    }
    await expectCode('VersionUnsupported', async () => openCertificate(await certifyBody({}), aliceKey.publicKey))
    await expectCode('VersionUnsupported', async () =>
      openCertificate(await certifyBody({ ...good, v: 2 }), aliceKey.publicKey),
    )
    await expectCode('RecordInvalid', () => openCertificate('not base64!', aliceKey.publicKey))
    await expectCode('RecordInvalid', () => openCertificate('A'.repeat(5000), aliceKey.publicKey))
    await expectCode('RecordInvalid', () => certify(laptop, { expires: CREATED }))
    await expectCode('RecordInvalid', () => certify(laptop, { label: 'a'.repeat(65) }))
  })

  test('a key of the wrong kind for a secret is refused', async () => {
    const body = {
      v: 1,
      fingerprint: Uint8Array.from(Buffer.from(aliceKey.publicKey.fingerprint, 'hex')),
      device: laptop.publicKey.bytes,
      label: '',
      created: 1,
      expires: 2,
      encryptionKey: new Uint8Array(100),
    }
    await expectCode('RecordInvalid', async () => openCertificate(await certifyBody(body), aliceKey.publicKey))
  })

  test('expires with an hour of grace both ways', async () => {
    const certificate = await openCertificate(await certify(laptop), aliceKey.publicKey)
    expect(isCertificateCurrent(certificate, CREATED - CERTIFICATE_GRACE_MS - 1)).toBe(false)
    expect(isCertificateCurrent(certificate, CREATED - CERTIFICATE_GRACE_MS)).toBe(true)
    expect(isCertificateCurrent(certificate, EXPIRES + CERTIFICATE_GRACE_MS - 1)).toBe(true)
    expect(isCertificateCurrent(certificate, EXPIRES + CERTIFICATE_GRACE_MS)).toBe(false)
  })
})

describe('the device of a document', () => {
  test('is the one with the current certificate that lasts longest', async () => {
    const certificates = [
      'garbage',
      await certify(phone, { label: 'phone' }),
      await certify(laptop, { label: 'expired', expires: CREATED + 1 }),
      await certify(laptop, { label: 'short', expires: EXPIRES - 1 }),
      await certify(laptop, { label: 'long' }),
      await certify(laptop, { label: 'of mallory', expires: EXPIRES + 1 }, malloryKey),
    ]
    const { document } = await signIdentity(identityFields({ certificates }), aliceKey)
    const now = CREATED + 10 * CERTIFICATE_GRACE_MS
    expect((await deviceOf(document, laptop.publicKey.id, now))?.label).toBe('long')
    expect((await deviceOf(document, phone.publicKey.id, now))?.label).toBe('phone')
    expect(await deviceOf(document, laptop.publicKey.id, EXPIRES + CERTIFICATE_GRACE_MS)).toBeNull()
    const stranger = await deviceKeyFromSeed(new Uint8Array(32).fill(3))
    expect(await deviceOf(document, stranger.publicKey.id, now)).toBeNull()
  })
})
