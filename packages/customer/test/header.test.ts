import { type Fingerprint, importRsaPrivateKey, type RsaPrivateKey, randomBytes } from '@bitdust/crypto'
import {
  type Header,
  type HeaderGeneration,
  headerRecord,
  locationIdOf,
  type Opened,
  sealLocationSecret,
  sealLocationSecrets,
  sealPreviousSecret,
} from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeHeader, openGivenSecrets, openOwnSecrets } from '../src/locations/header.ts'
import { locationOf } from '../src/locations/known-location.ts'

let owner: RsaPrivateKey
let member: RsaPrivateKey
let first: RsaPrivateKey
let second: RsaPrivateKey
const secrets = [randomBytes(32), randomBytes(32)]

beforeAll(async () => {
  ;[owner, member, first, second] = (await Promise.all(
    testKeys[2048].slice(0, 4).map((pem) => importRsaPrivateKey(pem)),
  )) as [RsaPrivateKey, RsaPrivateKey, RsaPrivateKey, RsaPrivateKey]
})

/** A share whose key was replaced once; the new key is sealed to those members. */
async function replaced(sealedFor: readonly RsaPrivateKey[]): Promise<Opened<Header>> {
  const alias = 'share_cats'
  const location = locationIdOf(owner.publicKey.fingerprint, alias)
  const generations: HeaderGeneration[] = []
  for (const [index, key] of [first, second].entries()) {
    const place = { owner: owner.publicKey.fingerprint, location, generation: index + 1 }
    const secret = secrets[index]!
    const whole = { secret, privateKey: await key.exportPkcs8(), alias, label: 'Cats' }
    generations.push({
      generation: index + 1,
      publicKey: key.publicKey.spki,
      sealedSecret: await sealLocationSecret(key.publicKey, place, secret),
      ownerSealed: await sealLocationSecrets(owner.publicKey, place, whole),
      previousSealed: index === 0 ? null : await sealPreviousSecret(secret, place, secrets[0]!),
      members:
        index === 0
          ? []
          : await Promise.all(
              sealedFor.map(async ({ publicKey }) => ({
                member: publicKey.fingerprint,
                sealed: await sealLocationSecrets(publicKey, place, whole),
              })),
            ),
      devices: [],
    })
  }
  const body = { owner: owner.publicKey.fingerprint, location, revision: 1, previous: null, generations }
  return headerRecord.sign(body, owner)
}

function given(header: Opened<Header>, keys: Iterable<readonly [number, RsaPrivateKey]>) {
  const self = member.publicKey.fingerprint
  return openGivenSecrets({ header, keys: new Map(keys), self, masterKey: member })
}

describe('a header', () => {
  it('opens with the master key of the owner alone, whatever the number of generations', async () => {
    const made = await makeHeader({ masterKey: owner, alias: 'share_cats', label: 'Cats', key: first })
    const one = await openOwnSecrets(made, owner)
    expect(one).toMatchObject({ alias: 'share_cats', label: 'Cats' })
    expect(one.keys.get(1)?.publicKey.fingerprint).toBe(first.publicKey.fingerprint)
    const two = await openOwnSecrets(await replaced([]), owner)
    expect([two.secrets.get(1), two.secrets.get(2)]).toEqual(secrets)
    expect(two.keys.get(2)?.publicKey.fingerprint).toBe(second.publicKey.fingerprint)
    await expect(openOwnSecrets(made, member)).rejects.toMatchObject({ code: 'KeyUnlockFailed' })
  })

  it('gives older secrets to whoever has the newer key, and not the other way round', async () => {
    const header = await replaced([])
    expect([...(await given(header, [[2, second]])).secrets.entries()].sort()).toEqual([
      [1, secrets[0]],
      [2, secrets[1]],
    ])
    const old = await given(header, [[1, first]])
    expect([...old.secrets.entries()]).toEqual([[1, secrets[0]]])
    const location = locationOf(
      {
        id: header.body.location,
        ownerKey: owner.publicKey,
        alias: 'share_cats',
        label: '',
        header,
        opened: old,
        members: null,
        writers: new Set<Fingerprint>(),
      },
      { mine: false, online: () => true, family: () => Promise.reject(new Error('not asked')) },
    )
    expect(location.generation).toBe(1)
    expect(location.secret()).toBe(location.secret(1))
    expect(() => location.secret(2)).toThrow(expect.objectContaining({ code: 'KeyRevoked' }))
    expect(() => location.secret(3)).toThrow(expect.objectContaining({ code: 'NotFound' }))
  })

  it('hands the new key to members who were not reached when it was made', async () => {
    const opened = await given(await replaced([member]), [[1, first]])
    expect([opened.secrets.get(1), opened.secrets.get(2)]).toEqual(secrets)
    expect(opened.keys.get(2)?.publicKey.fingerprint).toBe(second.publicKey.fingerprint)
  })

  it('opens with no key that is not one of its own', async () => {
    const header = await replaced([])
    await expect(given(header, [[1, second]])).rejects.toMatchObject({ code: 'KeyRevoked' })
    await expect(given(header, [])).rejects.toMatchObject({ code: 'KeyRevoked' })
  })
})
