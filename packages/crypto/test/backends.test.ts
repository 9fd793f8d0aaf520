import { testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { backend as node } from '../src/backend/node.ts'
import { backend as web } from '../src/backend/web.ts'
import * as onNode from '../src/index.ts'
import { pattern } from './pattern.ts'
import blockVectors from './vectors/block-cipher-v1.json' with { type: 'json' }
import treeVectors from './vectors/hash-tree-v1.json' with { type: 'json' }
import keyFileVectors from './vectors/key-file-v1.json' with { type: 'json' }
import keyVectors from './vectors/keys-v1.json' with { type: 'json' }
import entryVectors from './vectors/secret-box-v1.json' with { type: 'json' }
import badSignatures from './vectors/signatures-v1.bad.json' with { type: 'json' }

const { fromHex, sha256, toHex } = onNode
const bytes = fc.uint8Array({ maxLength: 500 })

/** The whole package as a browser gets it. */
let onWeb: typeof onNode

beforeAll(async () => {
  vi.resetModules()
  vi.doMock('../src/backend/node.ts', () => ({ backend: web }))
  onWeb = await import('../src/index.ts')
  vi.doUnmock('../src/backend/node.ts')
})

test('the two are not the same one', () => {
  expect(web).not.toBe(node)
  const spy = vi.spyOn(web, 'hmacSha256')
  onNode.hmacSha256(new Uint8Array(1))
  expect(spy).not.toHaveBeenCalled()
  onWeb.hmacSha256(new Uint8Array(1))
  expect(spy).toHaveBeenCalledOnce()
  spy.mockRestore()
})

describe('the same bytes for the same input', () => {
  test('hashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 4 }), bytes, async (parts, key) => {
        expect(web.sha256(parts)).toEqual(node.sha256(parts))
        expect(web.hmacSha256(key, parts)).toEqual(node.hmacSha256(key, parts))
        expect(await web.sha256Bulk(key)).toEqual(await node.sha256Bulk(key))
        const [a, b] = [web.createSha256(), node.createSha256()]
        for (const part of parts) {
          a.update(part)
          b.update(part)
        }
        expect(a.digest()).toEqual(b.digest())
      }),
    )
  })

  test('key derivation', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, bytes, fc.integer({ min: 1, max: 200 }), async (secret, salt, info, length) => {
        expect(web.hkdfSha256(secret, salt, info, length)).toEqual(node.hkdfSha256(secret, salt, info, length))
        const cost = { N: 16, r: 2, p: 2 }
        expect(await web.scrypt(secret, salt, cost, length)).toEqual(await node.scrypt(secret, salt, cost, length))
      }),
      { numRuns: 30 },
    )
  })

  test('AES-256-GCM', async () => {
    const [key, nonce] = [sha256(Uint8Array.of(1)), new Uint8Array(12)]
    const [a, b] = await Promise.all([web.importAesKey(key), node.importAesKey(key)])
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (additional, plaintext) => {
        const [sealedA, sealedB] = [new Uint8Array(plaintext.length + 16), new Uint8Array(plaintext.length + 16)]
        await a.seal(nonce, additional, plaintext, sealedA)
        await b.seal(nonce, additional, plaintext, sealedB)
        expect(sealedA).toEqual(sealedB)
        const [openedA, openedB] = [new Uint8Array(plaintext.length), new Uint8Array(plaintext.length)]
        await a.open(nonce, additional, sealedA, openedA)
        await b.open(nonce, additional, sealedB, openedB)
        expect([openedA, openedB]).toEqual([plaintext, plaintext])
      }),
    )
  })

  test('device keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), bytes, async (seed, message) => {
        const [a, b] = await Promise.all([web.importEd25519Seed(seed), node.importEd25519Seed(seed)])
        expect(a.publicKey).toEqual(b.publicKey)
        expect(await a.sign(message)).toEqual(await b.sign(message))
      }),
      { numRuns: 20 },
    )
  })
})

describe('what one writes the other reads', () => {
  const label = keyVectors.label
  const message = fromHex(keyVectors.message)

  test('vectors of another implementation, read by the web backend', async () => {
    const key = await onWeb.importRsaPrivateKey(testKeys[2048][0])
    expect(key.publicKey.fingerprint).toBe(keyVectors.fingerprint)
    expect(await key.publicKey.verify(label, message, fromHex(keyVectors.rsaSignature))).toBe(true)
    expect(toHex(await key.unwrap(label, fromHex(keyVectors.rsaWrapped)))).toBe(keyVectors.rsaWrappedPlaintext)
    const context = fromHex(keyVectors.context)
    expect(await onWeb.openSealed(key, label, fromHex(keyVectors.sealed), context)).toEqual(message)
    const entry = await onWeb.decryptEntry(fromHex(entryVectors.secret), label, fromHex(entryVectors.entry), context)
    expect(toHex(entry)).toBe(entryVectors.plaintext)
    const file = await onWeb.readKeyFile(keyFileVectors.text, { passphrase: keyFileVectors.passphrase })
    expect(file.kind).toBe('private')
    const device = await onWeb.deviceKeyFromSeed(fromHex(keyVectors.deviceSeed))
    expect(toHex(await device.sign(label, message))).toBe(keyVectors.deviceSignature)
    expect(await device.publicKey.verify(label, message, fromHex(keyVectors.deviceSignature))).toBe(true)
    expect(await device.publicKey.verify(label, message, new Uint8Array(64))).toBe(false)
  })

  test.each(blockVectors.blocks)('block vector of $bytes bytes', async (vector) => {
    const key = fromHex(blockVectors.key)
    const ciphertext = await onWeb.encryptBlock(key, pattern(vector.bytes))
    expect(toHex(sha256(ciphertext))).toBe(vector.ciphertextSha256)
    expect(await onWeb.decryptBlock(key, ciphertext)).toEqual(pattern(vector.bytes))
  })

  test.each(treeVectors.trees)('tree vector of $bytes bytes', ({ bytes: size, root }) => {
    expect(toHex(onWeb.treeRoot(pattern(size)))).toBe(root)
  })

  test.each(badSignatures.signatures)('T09 $name, on the web backend', async ({ signature }) => {
    const key = await onWeb.importRsaPublicKey(fromHex(keyVectors.spki))
    expect(await key.verify(label, message, fromHex(signature))).toBe(false)
  })

  test('keys, signatures and seals cross over', async () => {
    const made = await onWeb.generateRsaKey(2048)
    const key = await onNode.importRsaPrivateKey(await made.exportPkcs8())
    expect(key.publicKey.fingerprint).toBe(made.publicKey.fingerprint)
    expect(await made.toPem('pkcs1')).toBe(await key.toPem('pkcs1'))
    const ends = [
      { api: onWeb, key: made },
      { api: onNode, key },
    ]
    for (const [from, to] of [ends, ends.toReversed()]) {
      expect(await to!.key.publicKey.verify(label, message, await from!.key.sign(label, message))).toBe(true)
      const sealed = await from!.api.sealTo(to!.key.publicKey, label, message)
      expect(await to!.api.openSealed(to!.key, label, sealed)).toEqual(message)
    }
  })

  test('the web backend refuses what was changed', async () => {
    const key = await onWeb.importRsaPrivateKey(testKeys[2048][0])
    const sealed = await onWeb.sealTo(key.publicKey, label, message)
    for (const at of [10, sealed.length - 1]) {
      const damaged = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte))
      await expect(onWeb.openSealed(key, label, damaged)).rejects.toMatchObject({ code: 'KeyUnlockFailed' })
    }
    const block = await onWeb.encryptBlock(new Uint8Array(32), pattern(100))
    block[5]! ^= 1
    await expect(onWeb.decryptBlock(new Uint8Array(32), block)).rejects.toMatchObject({ code: 'BlockAuthFailed' })
  })

  test('T07 the web backend takes no key that is not strict either', async () => {
    for (const bad of ['ssh-rsa AAAA', new Uint8Array(0), fromHex(keyVectors.spki).subarray(1)]) {
      await expect(onWeb.importRsaPublicKey(bad)).rejects.toMatchObject({ code: 'KeyMalformed' })
    }
  })

  test('a device key that is no point on the curve verifies nothing', async () => {
    // y = 2 has no x.
    const noPoint = Uint8Array.of(2, ...new Uint8Array(31))
    for (const api of [onNode, onWeb]) {
      expect(await api.importDevicePublicKey(noPoint).verify(label, message, new Uint8Array(64))).toBe(false)
    }
  })
})
