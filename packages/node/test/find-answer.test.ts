import { generateDeviceKey, type RsaPrivateKey } from '@bitdust/crypto'
import { createResolver, memoryIdentityStore, parseIdurl } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { enrolmentAnswerRecord, enrolmentHash, enrolmentRequestRecord, sealEnrolmentGift } from '@bitdust/records'
import { expect, test } from 'vitest'
import { findAnswer } from '../src/enrolment/request-device.ts'
import { aliceKey, encryptionKey, malloryKey, signAlice } from './own-folder.ts'

const ALICE = parseIdurl('http://id.example.com/alice.xml')
const { signal } = new AbortController()

/** A new device whose request was answered by Alice; `bad` lies beside her answer and is newer. */
async function asking() {
  const deviceKey = await generateDeviceKey()
  const { id: device } = deviceKey.publicKey
  const { bytes: request } = await enrolmentRequestRecord.sign(
    { device, encryptionKey: encryptionKey.publicKey.spki, label: 'laptop', created: systemClock.now() },
    deviceKey,
  )
  const { bytes: identity } = await signAlice({ devices: [{ key: deviceKey, enrolled: encryptionKey }] })
  const resolver = createResolver({
    sources: [{ name: 'test', fetch: async () => identity }],
    store: memoryIdentityStore(),
    clock: systemClock,
  })

  async function answerOf(owner: RsaPrivateKey, to: RsaPrivateKey = encryptionKey): Promise<Uint8Array> {
    const { fingerprint, spki } = owner.publicKey
    const place = { device, request: enrolmentHash(request), owner: fingerprint }
    const sealed = await sealEnrolmentGift(to.publicKey, place, { idurl: ALICE, keys: [] })
    const body = { ...place, ownerKey: spki, created: systemClock.now(), sealed }
    return (await enrolmentAnswerRecord.sign(body, owner)).bytes
  }

  const find = (...answers: readonly Uint8Array[]) =>
    findAnswer(
      { dht: { findEnrolmentAnswer: async () => answers }, deviceKey, resolver },
      request,
      encryptionKey,
      signal,
    )
  return { answerOf, find }
}

test.each([
  ['names the identity of somebody else', 'Unauthorized', encryptionKey],
  ['is sealed to another key', 'KeyUnlockFailed', malloryKey],
])('an answer that %s hides no other, and alone is refused', async (_, code, to) => {
  const { answerOf, find } = await asking()
  const [good, bad] = [await answerOf(aliceKey), await answerOf(malloryKey, to)]
  expect((await find(bad, good))?.document.fingerprint).toBe(aliceKey.publicKey.fingerprint)
  await expect(find(bad)).rejects.toMatchObject({ code })
  expect(await find()).toBeNull()
})
