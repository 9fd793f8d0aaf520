import { beforeAll, describe, expect, test } from 'vitest'
import {
  type GenerationPlace,
  type Grant,
  grantRecord,
  locationIdOf,
  MAX_SEALED_BYTES,
  openGrantedKey,
  openLocationSecret,
  openLocationSecrets,
  openPreviousSecret,
  sealGrantedKey,
  sealLocationSecret,
  sealLocationSecrets,
  sealPreviousSecret,
} from '../src/index.ts'
import { type Cast, createCast, createSamples, filled } from './samples.ts'

let cast: Cast
let place: GenerationPlace
let otherPlaces: GenerationPlace[]
const secret = filled(32, 7)
const unopened = { name: 'CryptoError', code: 'KeyUnlockFailed' }

beforeAll(async () => {
  cast = await createCast()
  const owner = cast.alice.publicKey.fingerprint
  place = { owner, location: locationIdOf(owner, 'share_1234'), generation: 1 }
  otherPlaces = [
    { ...place, generation: 2 },
    { ...place, location: locationIdOf(owner, 'master') },
    { ...place, owner: cast.bob.publicKey.fingerprint },
  ]
})

describe('secrets of a location', () => {
  test('open with the key, for the place for which they were sealed', async () => {
    const secrets = { secret, privateKey: await cast.share.exportPkcs8(), alias: 'share_1234', label: 'Holidays' }
    const sealed = await sealLocationSecrets(cast.alice.publicKey, place, secrets)
    expect(sealed.length).toBeLessThan(MAX_SEALED_BYTES)
    expect(await openLocationSecrets(cast.alice, place, sealed)).toEqual(secrets)
    await expect(openLocationSecrets(cast.bob, place, sealed)).rejects.toMatchObject(unopened)
    for (const other of otherPlaces) {
      await expect(openLocationSecrets(cast.alice, other, sealed)).rejects.toMatchObject(unopened)
    }
  })

  test('the secret alone opens with the key of its generation, and does not pass for all of them', async () => {
    const sealed = await sealLocationSecret(cast.share.publicKey, place, secret)
    expect(await openLocationSecret(cast.share, place, sealed)).toEqual(secret)
    await expect(openLocationSecret(cast.bob, place, sealed)).rejects.toMatchObject(unopened)
    await expect(openLocationSecrets(cast.share, place, sealed)).rejects.toMatchObject(unopened)
    for (const other of otherPlaces) {
      await expect(openLocationSecret(cast.share, other, sealed)).rejects.toMatchObject(unopened)
    }
  })

  test('a newer secret opens the older one, not the other way round', async () => {
    const older = filled(32, 1)
    const sealed = await sealPreviousSecret(secret, place, older)
    expect(await openPreviousSecret(secret, place, sealed)).toEqual(older)
    await expect(openPreviousSecret(older, place, sealed)).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    for (const other of otherPlaces) {
      await expect(openPreviousSecret(secret, other, sealed)).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    }
  })
})

describe('grants', () => {
  const granted = { privateKey: filled(1200, 3), label: 'Holidays', secret: null }

  async function grantTo(member = cast.bob.publicKey): Promise<Grant> {
    const sample = (await createSamples(cast)).find(({ name }) => name === 'grant')
    const grant = { ...(sample?.body as Grant), member: member.fingerprint }
    return { ...grant, sealed: await sealGrantedKey(member, grant, granted) }
  }

  test('hand the key to the member alone', async () => {
    const grant = await grantTo()
    expect(await openGrantedKey(cast.bob, grant)).toEqual(granted)
    await expect(openGrantedKey(cast.mallory, grant)).rejects.toMatchObject(unopened)
  })

  test('T51 the sealed key cannot be moved into another grant', async () => {
    const grant = await grantTo()
    const moved: Partial<Grant>[] = [
      { owner: cast.mallory.publicKey.fingerprint },
      { location: locationIdOf(grant.owner, 'master') },
      { generation: 2 },
      { member: cast.alice.publicKey.fingerprint },
    ]
    for (const change of moved) {
      await expect(openGrantedKey(cast.bob, { ...grant, ...change })).rejects.toMatchObject(unopened)
    }
  })

  test('T51 name a location of the owner, and only the owner signs', async () => {
    const grant = await grantTo()
    const foreign = { ...grant, alias: 'share_9999' }
    await expect(grantRecord.sign(foreign, cast.alice)).rejects.toMatchObject({ code: 'RecordInvalid' })
    await expect(grantRecord.sign(grant, cast.mallory)).rejects.toMatchObject({ code: 'SignatureInvalid' })
  })
})
