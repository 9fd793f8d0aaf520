import {
  type DeviceKey,
  type Fingerprint,
  generateDeviceKey,
  importRsaPrivateKey,
  type RsaPrivateKey,
  randomBytes,
  toHex,
} from '@bitdust/crypto'
import {
  type Header,
  type HeaderGeneration,
  headerRecord,
  locationIdOf,
  MAX_GENERATIONS,
  MAX_HEADER_BYTES,
  type Opened,
  openLocationSecrets,
  sealLocationSecret,
  sealLocationSecrets,
  sealPreviousSecret,
} from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeHeader, openGivenSecrets, openOwnSecrets } from '../src/locations/header.ts'
import { locationOf } from '../src/locations/known-location.ts'
import { headerWithDevice, headerWithGeneration } from '../src/locations/next-header.ts'

let deviceKey: DeviceKey
let owner: RsaPrivateKey
let member: RsaPrivateKey
let first: RsaPrivateKey
let second: RsaPrivateKey
const secrets = [randomBytes(32), randomBytes(32)]

beforeAll(async () => {
  deviceKey = await generateDeviceKey()
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
  const place = { owner: owner.publicKey.fingerprint, location }
  const body = { ...place, revision: 1, previous: null, generations, devices: [], revoked: [] }
  return headerRecord.sign(body, owner)
}

/** Where the master key is; no device key is needed there. */
function selfOf(masterKey: RsaPrivateKey): Parameters<typeof openOwnSecrets>[1] {
  return { masterKey, encryptionKey: masterKey, deviceKey }
}

function given(header: Opened<Header>, keys: Iterable<readonly [number, RsaPrivateKey]>) {
  const self = { fingerprint: member.publicKey.fingerprint, masterKey: member }
  return openGivenSecrets({ header, keys: new Map(keys), self })
}

describe('a header', () => {
  it('opens with the master key of the owner alone, whatever the number of generations', async () => {
    const made = await makeHeader({ masterKey: owner, alias: 'share_cats', label: 'Cats', key: first })
    const one = await openOwnSecrets(made, selfOf(owner))
    expect(one).toMatchObject({ alias: 'share_cats', label: 'Cats' })
    expect(one.keys.get(1)?.publicKey.fingerprint).toBe(first.publicKey.fingerprint)
    const two = await openOwnSecrets(await replaced([]), selfOf(owner))
    expect([two.secrets.get(1), two.secrets.get(2)]).toEqual(secrets)
    expect(two.keys.get(2)?.publicKey.fingerprint).toBe(second.publicKey.fingerprint)
    await expect(openOwnSecrets(made, selfOf(member))).rejects.toMatchObject({ code: 'KeyUnlockFailed' })
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

describe('headers of a location of our own', () => {
  /** Two devices, whose encryption keys are keys of the pool. */
  function devices(deviceKeys: readonly DeviceKey[]) {
    return deviceKeys.map((key, index) => ({ key, encryptionKey: [first, second][index]! }))
  }

  const steps = fc.array(fc.record({ device: fc.integer({ min: 0, max: 1 }), revoke: fc.boolean() }), { maxLength: 5 })

  it.each(['master', 'share_cats'])(
    'open in all generations for the devices that were given them, and for no others: %s',
    async (alias) => {
      const pool = devices([await generateDeviceKey(), await generateDeviceKey()])
      const key = alias === 'master' ? owner : member
      await fc.assert(
        fc.asyncProperty(steps, async (changes) => {
          let header = await makeHeader({ masterKey: owner, alias, label: 'L', key })
          const given = new Set<number>()
          const revoked = new Set<number>()
          for (const { device: index, revoke } of changes) {
            const opened = await openOwnSecrets(header, selfOf(owner))
            const tools = { masterKey: owner, opened }
            const device = pool[index]!.key.publicKey.id
            if (revoke) {
              const lost = revoked.has(index) ? [] : [{ device, heads: [] }]
              header = await headerWithGeneration(header, { ...tools, key, members: [], revoked: lost })
              given.delete(index)
              revoked.add(index)
            } else {
              const one = { device, encryptionKey: pool[index]!.encryptionKey.publicKey }
              const next = headerWithDevice(header, one, tools)
              if (revoked.has(index)) await expect(next).rejects.toMatchObject({ code: 'KeyRevoked' })
              else {
                header = await next
                given.add(index)
              }
            }
          }
          const all = await openOwnSecrets(header, selfOf(owner))
          expect([...all.secrets.keys()]).toEqual(header.body.generations.map(({ generation }) => generation))
          expect(new Set([...all.secrets.values()].map(toHex)).size).toBe(header.body.generations.length)
          expect(header.body.revision).toBeLessThanOrEqual(1 + changes.length)
          for (const [index, { key: deviceKey, encryptionKey }] of pool.entries()) {
            const opening = openOwnSecrets(header, { masterKey: null, encryptionKey, deviceKey })
            if (!given.has(index)) {
              await expect(opening).rejects.toMatchObject({ code: revoked.has(index) ? 'KeyRevoked' : 'Unauthorized' })
              continue
            }
            const { secrets, keys, alias: opened, label } = await opening
            expect({ opened, label }).toEqual({ opened: alias, label: 'L' })
            expect(secrets).toEqual(all.secrets)
            expect([...keys.keys()]).toEqual(alias === 'master' ? [] : [header.body.generations.length])
          }
        }),
        { numRuns: 12 },
      )
    },
  )

  it('have at most 64 generations, and are no larger than suppliers take', async () => {
    const location = { alias: 'share_cats', label: 'x'.repeat(256) }
    let header = await makeHeader({ masterKey: owner, ...location, key: first })
    const one = { device: deviceKey.publicKey.id, encryptionKey: second.publicKey }
    /** The last generation is all that the next one needs. */
    const grown = async () => {
      const { owner: fingerprint, location: id, generations } = header.body
      const { generation, ownerSealed } = generations.at(-1)!
      const place = { owner: fingerprint, location: id, generation }
      const { secret } = await openLocationSecrets(owner, place, ownerSealed)
      const secrets = new Map([[generation, secret]])
      return { masterKey: owner, opened: { ...location, secrets, keys: new Map([[generation, first]]) } }
    }
    header = await headerWithDevice(header, one, await grown())
    const next = async () =>
      headerWithGeneration(header, { ...(await grown()), key: first, members: [member.publicKey], revoked: [] })
    for (let i = 1; i < MAX_GENERATIONS; i++) header = await next()
    expect(header.bytes.length).toBeLessThan(MAX_HEADER_BYTES)
    await expect(next()).rejects.toMatchObject({ code: 'LimitExceeded' })
  })
})
