import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  concatBytes,
  fromHex,
  generateRsaKey,
  importRsaPrivateKey,
  importRsaPublicKey,
  parseFingerprint,
  type RsaPrivateKey,
  requireSignature,
  toBase64,
  toHex,
  u32be,
  utf8Encode,
} from '../src/index.ts'
import vectors from './vectors/keys-v1.json' with { type: 'json' }
import badSignatures from './vectors/signatures-v1.bad.json' with { type: 'json' }

const KEY_MALFORMED = expect.objectContaining({ name: 'CryptoError', code: 'KeyMalformed' })
const KEY_UNLOCK_FAILED = expect.objectContaining({ name: 'CryptoError', code: 'KeyUnlockFailed' })

const label = vectors.label
const message = fromHex(vectors.message)
let key: RsaPrivateKey
let other: RsaPrivateKey

beforeAll(async () => {
  key = await importRsaPrivateKey(testKeys[2048][0])
  other = await importRsaPrivateKey(testKeys[2048][1])
})

/** An OpenSSH line of any numbers, however wrong. */
function sshLine(exponent: Uint8Array, modulus: Uint8Array, rest = new Uint8Array(0)): string {
  const fields = [utf8Encode('ssh-rsa'), exponent, modulus].flatMap((field) => [u32be(field.length), field])
  return `ssh-rsa ${toBase64(concatBytes(...fields, rest))}`
}

/** An mpint of `bits` bits whose lowest byte is `low`. */
function mpint(bits: number, low = 1): Uint8Array {
  const magnitude = new Uint8Array(Math.ceil(bits / 8)).fill(0xa5)
  magnitude[0] = 1 << ((bits - 1) % 8)
  magnitude[magnitude.length - 1] = low
  return magnitude[0] >= 0x80 ? concatBytes(Uint8Array.of(0), magnitude) : magnitude
}

/** DER SPKI of an OpenSSH line, by the platform, which takes any size. */
function spkiOf(bits: number, exponent: string): Uint8Array {
  const n = Buffer.from(mpint(bits)).toString('base64url')
  return new Uint8Array(
    createPublicKey({ key: { kty: 'RSA', n, e: exponent }, format: 'jwk' }).export({ format: 'der', type: 'spki' }),
  )
}

const E = Uint8Array.of(1, 0, 1)

describe('vectors of another implementation', () => {
  test('public key, fingerprint and OpenSSH form', async () => {
    expect(toHex(key.publicKey.spki)).toBe(vectors.spki)
    expect(key.publicKey.fingerprint).toBe(vectors.fingerprint)
    expect(key.publicKey.toOpenSsh()).toBe(vectors.openSsh)
    expect(key.bits).toBe(2048)
  })

  test('signature and wrapped bytes', async () => {
    expect(await key.publicKey.verify(label, message, fromHex(vectors.rsaSignature))).toBe(true)
    expect(toHex(await key.unwrap(label, fromHex(vectors.rsaWrapped)))).toBe(vectors.rsaWrappedPlaintext)
  })
})

describe('laws', () => {
  test('a signature holds for its key, label and message only', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.uint8Array(), async (anyLabel, anyMessage) => {
        const signature = await key.sign(anyLabel, anyMessage)
        expect(signature.length).toBe(256)
        expect(await key.publicKey.verify(anyLabel, anyMessage, signature)).toBe(true)
        expect(await key.publicKey.verify(`${anyLabel}x`, anyMessage, signature)).toBe(false)
        expect(await key.publicKey.verify(anyLabel, concatBytes(anyMessage, E), signature)).toBe(false)
        expect(await other.publicKey.verify(anyLabel, anyMessage, signature)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  test('unwrap undoes wrap up to 190 bytes, and only under the same label and key', async () => {
    for (const bytes of [0, 1, 32, 190]) {
      const plaintext = new Uint8Array(bytes).fill(7)
      const wrapped = await key.publicKey.wrap(label, plaintext)
      expect(await key.unwrap(label, wrapped)).toEqual(plaintext)
      await expect(key.unwrap('bitdust/other/v1', wrapped)).rejects.toEqual(KEY_UNLOCK_FAILED)
      await expect(other.unwrap(label, wrapped)).rejects.toEqual(KEY_UNLOCK_FAILED)
      await expect(key.unwrap(label, wrapped.subarray(1))).rejects.toEqual(KEY_UNLOCK_FAILED)
    }
    await expect(key.publicKey.wrap(label, new Uint8Array(191))).rejects.toEqual(
      expect.objectContaining({ code: 'LimitExceeded' }),
    )
  })

  test.each([2048, 3072, 4096] as const)('import undoes export for %d bits', async (bits) => {
    const original = await importRsaPrivateKey(testKeys[bits][0])
    const { publicKey } = original
    expect(original.bits).toBe(bits)
    for (const form of [await original.toPem('pkcs8'), await original.toPem('pkcs1'), await original.exportPkcs8()]) {
      const copy = await importRsaPrivateKey(form)
      expect(copy.publicKey.fingerprint).toBe(publicKey.fingerprint)
      expect(await copy.exportPkcs8()).toEqual(await original.exportPkcs8())
    }
    for (const form of [publicKey.spki, publicKey.toOpenSsh(), `${publicKey.toOpenSsh()} alice@home laptop\n`]) {
      expect(await importRsaPublicKey(form)).toMatchObject({ bits, fingerprint: publicKey.fingerprint })
    }
    expect(await publicKey.verify(label, message, await original.sign(label, message))).toBe(true)
  })

  test('a caller that changes its bytes after the import changes nothing', async () => {
    const spki = Buffer.from(key.publicKey.spki)
    const imported = await importRsaPublicKey(spki)
    spki.fill(0)
    expect(imported.toOpenSsh()).toBe(vectors.openSsh)
    expect(toHex(imported.spki)).toBe(vectors.spki)
  })
})

test('T54 PEM of line breaks is refused at once', async () => {
  const start = performance.now()
  for (const label of ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY'])
    await expect(importRsaPrivateKey(`-----BEGIN ${label}-----${'\n'.repeat(65_000)}!`)).rejects.toMatchObject({
      code: expect.stringMatching(/^Key(Malformed|UnlockFailed)$/),
    })
  expect(performance.now() - start).toBeLessThan(1_000)
})

test('PEM is what the platform writes', async () => {
  const platform = createPrivateKey(testKeys[2048][0])
  expect(await key.toPem('pkcs8')).toBe(platform.export({ format: 'pem', type: 'pkcs8' }))
  expect(await key.toPem('pkcs1')).toBe(platform.export({ format: 'pem', type: 'pkcs1' }))
  const publicPlatform = createPublicKey(platform)
  for (const type of ['spki', 'pkcs1'] as const) {
    const pem = publicPlatform.export({ format: 'pem', type }).toString()
    expect((await importRsaPublicKey(pem)).fingerprint).toBe(key.publicKey.fingerprint)
    expect((await importRsaPublicKey(pem.replaceAll('\n', '\r\n'))).fingerprint).toBe(key.publicKey.fingerprint)
  }
})

test('a new key works and is not the one before', async () => {
  const [first, second] = await Promise.all([generateRsaKey(2048), generateRsaKey(2048)])
  expect(first.publicKey.fingerprint).not.toBe(second.publicKey.fingerprint)
  expect(await first.publicKey.verify(label, message, await first.sign(label, message))).toBe(true)
  await expect(generateRsaKey(1024 as 2048)).rejects.toEqual(KEY_MALFORMED)
})

describe('T07 keys that are refused without arithmetic', () => {
  const lines: [string, string][] = [
    ['512 bits', sshLine(E, mpint(512))],
    ['1024 bits', sshLine(E, mpint(1024))],
    ['2047 bits', sshLine(E, mpint(2047))],
    ['2049 bits', sshLine(E, mpint(2049))],
    ['4097 bits', sshLine(E, mpint(4097))],
    ['4104 bits', sshLine(E, mpint(4104))],
    ['16384 bits', sshLine(E, mpint(16384))],
    ['no modulus', sshLine(E, new Uint8Array(0))],
    ['exponent 1', sshLine(Uint8Array.of(1), mpint(2048))],
    ['exponent 3', sshLine(Uint8Array.of(3), mpint(2048))],
    ['exponent 65536', sshLine(Uint8Array.of(1, 0, 0), mpint(2048))],
    ['exponent of 256 bytes', sshLine(mpint(2048), mpint(2048))],
    ['no exponent', sshLine(new Uint8Array(0), mpint(2048))],
    ['even modulus', sshLine(E, mpint(2048, 2))],
    ['byte after the blob', sshLine(E, mpint(2048), Uint8Array.of(0))],
    ['field after the blob', sshLine(E, mpint(2048), Uint8Array.of(0, 0, 0, 0))],
    ['modulus with a needless zero', sshLine(E, concatBytes(Uint8Array.of(0), mpint(2048)))],
    ['exponent with a needless zero', sshLine(Uint8Array.of(0, 1, 0, 1), mpint(2048))],
    ['negative modulus', sshLine(E, mpint(2048).subarray(1))],
    [
      'field longer than the blob',
      `ssh-rsa ${toBase64(concatBytes(u32be(7), utf8Encode('ssh-rsa'), u32be(2 ** 31), E))}`,
    ],
    ['blob of another algorithm', sshLine(E, mpint(2048)).replace('ssh-rsa AAAAB3Nz', 'ssh-rsa AAAAB3Nx')],
    ['algorithm of another kind', sshLine(E, mpint(2048)).replace('ssh-rsa ', 'ssh-dss ')],
    ['base64 with unused bits', 'ssh-rsa AAAAB3NzaC1yc2F='],
    ['two lines', `${sshLine(E, mpint(2048))}\n${sshLine(E, mpint(2048))}`],
    ['nothing', ''],
    ['1 MiB of text', 'A'.repeat(1_048_576)],
  ]

  test('T07 a good line of the same making is accepted', async () => {
    expect((await importRsaPublicKey(sshLine(E, mpint(2048)))).bits).toBe(2048)
    expect((await importRsaPublicKey(sshLine(E, mpint(4096)))).bits).toBe(4096)
  })

  test.each(lines)('T07 %s', async (_, line) => {
    let fastest = Number.POSITIVE_INFINITY
    for (let run = 0; run < 5; run++) {
      const start = performance.now()
      await expect(importRsaPublicKey(line)).rejects.toEqual(KEY_MALFORMED)
      fastest = Math.min(fastest, performance.now() - start)
    }
    expect(fastest).toBeLessThan(5)
  })

  test.each([
    [512, 'AQAB'],
    [1024, 'AQAB'],
    [2047, 'AQAB'],
    [16384, 'AQAB'],
    [2048, 'AQ'],
    [2048, 'Aw'],
    [2048, 'AQAA'],
  ])('T07 SPKI of %d bits with exponent %s', async (bits, exponent) => {
    await expect(importRsaPublicKey(spkiOf(bits, exponent))).rejects.toEqual(KEY_MALFORMED)
  })

  test('T07 SPKI with trailing bytes, cut short, or of another algorithm', async () => {
    const spki = spkiOf(2048, 'AQAB')
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' })
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey.export({
      format: 'der',
      type: 'spki',
    })
    for (const bad of [concatBytes(spki, E), spki.subarray(0, -1), spki.subarray(1), new Uint8Array(0), ec, pss]) {
      await expect(importRsaPublicKey(bad)).rejects.toEqual(KEY_MALFORMED)
    }
  })

  test('T07 DER whose lengths are not minimal, outside of PEM', async () => {
    const spki = spkiOf(2048, 'AQAB')
    const pkcs8 = await key.exportPkcs8()
    const ber = (der: Uint8Array) => concatBytes(Uint8Array.of(0x30, 0x83, 0), der.subarray(2))
    expect([spki[1], pkcs8[1]]).toEqual([0x82, 0x82])
    await expect(importRsaPublicKey(ber(spki))).rejects.toEqual(KEY_MALFORMED)
    await expect(importRsaPrivateKey(ber(pkcs8))).rejects.toEqual(KEY_MALFORMED)
    // 0x81 for a length that fits into seven bits: the AlgorithmIdentifier of 13 bytes.
    const at = Buffer.from(spki).indexOf(Buffer.from('300d', 'hex'))
    const longForm = concatBytes(spki.subarray(0, at), Uint8Array.of(0x30, 0x81, 13), spki.subarray(at + 2))
    longForm[3]! += 1
    await expect(importRsaPublicKey(longForm)).rejects.toEqual(KEY_MALFORMED)
  })

  test.each([
    [1024, 65_537],
    [2048, 3],
  ])('T07 private key of %d bits with exponent %d', async (modulusLength, publicExponent) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    await expect(importRsaPrivateKey(new Uint8Array(der))).rejects.toEqual(KEY_MALFORMED)
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const pem = privateKey.export({ format: 'pem', type }).toString()
      await expect(importRsaPrivateKey(pem)).rejects.toEqual(KEY_MALFORMED)
    }
  })

  test('T07 every damaged byte of a public key gives another key or KeyMalformed', async () => {
    const { spki, fingerprint } = key.publicKey
    for (let i = 0; i < spki.length; i++) {
      const damaged = spki.map((byte, at) => (at === i ? byte ^ 0x10 : byte))
      const result = await importRsaPublicKey(damaged).catch((error: unknown) => error)
      if (result instanceof Error) expect(result).toEqual(KEY_MALFORMED)
      else expect(result).not.toMatchObject({ fingerprint })
    }
  })
})

test('a private key whose numbers do not belong together is KeyMalformed', async () => {
  const der = await key.exportPkcs8()
  for (let i = 40; i < der.length; i += 7) {
    const damaged = der.map((byte, at) => (at === i ? byte ^ 2 : byte))
    await expect(importRsaPrivateKey(damaged), `byte ${i}`).rejects.toEqual(KEY_MALFORMED)
  }
  await expect(importRsaPrivateKey(concatBytes(der, E))).rejects.toEqual(KEY_MALFORMED)
})

describe('T09 signatures in any scheme but ours', () => {
  test.each(badSignatures.signatures)('T09 $name', async ({ signature }) => {
    expect(await key.publicKey.verify(label, message, fromHex(signature))).toBe(false)
    await expect(requireSignature(key.publicKey, label, message, fromHex(signature))).rejects.toEqual(
      expect.objectContaining({ code: 'SignatureInvalid' }),
    )
  })

  test('T09 a byte short, a byte long, empty, zero, all ones', async () => {
    const good = fromHex(vectors.rsaSignature)
    await requireSignature(key.publicKey, label, message, good)
    const bad = [
      good.subarray(1),
      good.subarray(0, -1),
      concatBytes(Uint8Array.of(0), good),
      concatBytes(good, Uint8Array.of(0)),
      new Uint8Array(0),
      new Uint8Array(256),
      new Uint8Array(256).fill(255),
    ]
    for (const signature of bad) expect(await key.publicKey.verify(label, message, signature)).toBe(false)
  })

  test('T09 a leading zero belongs to signature and wrapped bytes', async () => {
    const signature = fromHex(vectors.rsaSignatureWithLeadingZero)
    expect(await key.publicKey.verify(label, message, signature)).toBe(true)
    expect(await key.publicKey.verify(label, message, signature.subarray(1))).toBe(false)
    const wrapped = fromHex(vectors.rsaWrappedWithLeadingZero)
    expect(toHex(await key.unwrap(label, wrapped))).toBe(vectors.rsaWrappedPlaintext)
    await expect(key.unwrap(label, wrapped.subarray(1))).rejects.toEqual(KEY_UNLOCK_FAILED)
  })

  test('T09 every damaged bit', async () => {
    const good = fromHex(vectors.rsaSignature)
    for (let bit = 0; bit < good.length * 8; bit++) {
      const damaged = good.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(await key.publicKey.verify(label, message, damaged)).toBe(false)
    }
  })
})

describe('private keys in odd forms', () => {
  const platform = createPrivateKey(testKeys[2048][0])

  test.each([
    ['pkcs8', 'aes-256-cbc'],
    ['pkcs1', 'aes-128-cbc'],
  ] as const)('%s under a passphrase', async (type, cipher) => {
    const pem = platform.export({ format: 'pem', type, cipher, passphrase: 'secret' }).toString()
    const imported = await importRsaPrivateKey(pem, { passphrase: 'secret' })
    expect(imported.publicKey.fingerprint).toBe(vectors.fingerprint)
    await expect(importRsaPrivateKey(pem)).rejects.toEqual(KEY_UNLOCK_FAILED)
    for (const passphrase of ['', 'wrong', 'Secret']) {
      await expect(importRsaPrivateKey(pem, { passphrase })).rejects.toEqual(KEY_UNLOCK_FAILED)
    }
  })

  test('text around the PEM block', async () => {
    const pem = `Bag Attributes\n    localKeyID: 01\n${testKeys[2048][0]}more\n`
    expect((await importRsaPrivateKey(pem)).publicKey.fingerprint).toBe(vectors.fingerprint)
  })

  test('BER with a length that is not minimal is read and written as DER', async () => {
    const der = await key.exportPkcs8()
    const ber = concatBytes(Uint8Array.of(0x30, 0x83, 0), der.subarray(2))
    const pem = `-----BEGIN PRIVATE KEY-----\n${toBase64(ber)}\n-----END PRIVATE KEY-----\n`
    expect(await (await importRsaPrivateKey(pem)).exportPkcs8()).toEqual(der)
  })

  test('a key derivation of 2^31 rounds is LimitExceeded at once', async () => {
    const pem = platform.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64')
    // PBKDF2 writes its count as INTEGER 2048 right after the salt.
    const at = der.indexOf(Buffer.from('02020800', 'hex'))
    expect(at).toBeGreaterThan(0)
    const grown = growLengths(der, at, Buffer.from('02047fffffff', 'hex'), 4)
    const hostile = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${grown.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
    const start = performance.now()
    await expect(importRsaPrivateKey(hostile, { passphrase: 'x' })).rejects.toEqual(
      expect.objectContaining({ code: 'LimitExceeded' }),
    )
    expect(performance.now() - start).toBeLessThan(500)
  })

  test.each([
    ['nothing', ''],
    ['text', 'not a key'],
    ['PEM of nothing', '-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n'],
    ['PEM of garbage', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['labels that differ', testKeys[2048][0].replace('END PRIVATE', 'END RSA PRIVATE')],
    ['a certificate', testKeys[2048][0].replaceAll('PRIVATE KEY', 'CERTIFICATE')],
    [
      'an EC key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    ],
    ['1 MiB', `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(1_048_576)}\n-----END PRIVATE KEY-----\n`],
  ])('%s is KeyMalformed', async (_, text) => {
    await expect(importRsaPrivateKey(text.toString())).rejects.toEqual(KEY_MALFORMED)
  })
})

/** Replaces `removed` bytes at `at`, and corrects the lengths of the SEQUENCEs around them. */
function growLengths(der: Buffer, at: number, insert: Buffer, removed: number): Buffer {
  const grown = Buffer.concat([der.subarray(0, at), insert, der.subarray(at + removed)])
  const difference = insert.length - removed
  const visit = (start: number): void => {
    for (let offset = start; offset < at; ) {
      const isLong = grown[offset + 1]! >= 0x80
      const lengthBytes = isLong ? grown[offset + 1]! & 0x7f : 0
      const body = offset + 2 + lengthBytes
      const length = isLong ? grown.readUIntBE(offset + 2, lengthBytes) : grown[offset + 1]!
      if (body <= at && at < body + length) {
        if (isLong) grown.writeUIntBE(length + difference, offset + 2, lengthBytes)
        else grown[offset + 1] = length + difference
        if (grown[offset] === 0x30) visit(body)
        return
      }
      offset = body + length
    }
  }
  visit(0)
  return grown
}

test('parseFingerprint takes 64 lower-case hex digits and nothing else', () => {
  expect(parseFingerprint(vectors.fingerprint)).toBe(vectors.fingerprint)
  for (const bad of ['', vectors.fingerprint.toUpperCase(), vectors.fingerprint.slice(1), `${vectors.fingerprint}\n`]) {
    expect(() => parseFingerprint(bad)).toThrow(KEY_MALFORMED)
  }
})
