import {
  encodeCanonical,
  type Fingerprint,
  fromHex,
  importRsaPrivateKey,
  type RsaPrivateKey,
  randomBytes,
} from '@bitdust/crypto'
import { keyAuditRecord, type LocationId, type MemberLine } from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { requireParty } from '../src/audit/parties.ts'
import type { ShareLocation } from '../src/index.ts'
import { PACKETS_PER_MINUTE } from '../src/limits.ts'
import { type ProveKeyRequest, proveKeyRequest } from '../src/protocol/messages.ts'
import { createWorld, failureOf, inTime, type Person, type User } from './world.ts'

const MINUTE_MS = 60_000

let shareKey: RsaPrivateKey

beforeAll(async () => {
  shareKey = await importRsaPrivateKey(testKeys[3072][0])
})

/** Asks for a proof the way an auditor does, and gives back what was answered. */
async function ask(from: User, to: Person, request: Partial<ProveKeyRequest> = {}): Promise<Uint8Array> {
  const payload = proveKeyRequest.encode({
    owner: to.ref.fingerprint,
    alias: 'master',
    generation: 1,
    part: 'private',
    nonce: randomBytes(32),
    expires: Date.now() + MINUTE_MS,
    ...request,
  })
  return askRaw(from, to, payload)
}

async function askRaw(from: User, to: Person, payload: Uint8Array): Promise<Uint8Array> {
  const packet = { command: 'ProveKey', owner: to.ref.fingerprint, payload }
  return (await from.transport.request(to.ref, packet, inTime())).payload
}

describe('audit', () => {
  test('proves master keys to everybody, and share keys to those who are parties to them', async () => {
    const world = await createWorld()
    const alice = await world.user('alice', { hires: true })
    const [bob, carol] = [await world.user('bob'), await world.user('carol')]
    expect(await alice.shares.audit('bob@id.example.com', bob.idurl, inTime())).toBe(true)

    const { keyId, alias } = await alice.shares.create({ bits: 2048, ...inTime() })
    const key = await alice.keyRing.get({ alias, creator: alice.ref.fingerprint })
    expect(await alice.shares.audit(keyId, bob.idurl, inTime())).toBe(false)
    await alice.shares.grant(keyId, bob.idurl, inTime())
    for (const part of ['private', 'public'] as const) {
      expect(await alice.shares.audit(keyId, bob.idurl, { part, ...inTime() })).toBe(true)
      expect(await bob.shares.audit(keyId, alice.idurl, { part, ...inTime() })).toBe(true)
    }

    // The public part alone proves the public part alone.
    const { publicKey } = key!
    await carol.keyRing.add(publicKey, { alias, creator: alice.ref.fingerprint })
    expect(await alice.shares.audit(keyId, carol.idurl, { part: 'public', ...inTime() })).toBe(true)
    expect(await alice.shares.audit(keyId, carol.idurl, inTime())).toBe(false)
    // She is no party to the key.
    expect(await carol.shares.audit(keyId, bob.idurl, inTime())).toBe(false)
  })

  test('notices another key under the same name', async () => {
    const world = await createWorld()
    const [alice, bob] = [await world.user('alice'), await world.user('bob')]
    const names = { alias: 'group_abc', creator: alice.ref.fingerprint }
    await alice.keyRing.add(shareKey, names)
    await bob.keyRing.add(await importRsaPrivateKey(testKeys[3072][1]), names)
    for (const part of ['private', 'public'] as const) {
      const error = await failureOf(alice.shares.audit('group_abc', bob.idurl, { part, ...inTime() }))
      expect(error).toMatchObject({ code: 'AuditFailed', culprit: bob.ref.fingerprint })
    }
  })

  test('fails for those who are not there, and for keys that we do not have', async () => {
    const world = await createWorld()
    const [alice, bob] = [await world.user('alice'), await world.person('bob')]
    expect(await failureOf(alice.shares.audit('bob@id.example.com', bob.idurl, inTime()))).toMatchObject({
      code: 'Timeout',
      retryable: true,
    })
    expect(await failureOf(alice.shares.audit('group_abc', bob.idurl, inTime()))).toMatchObject({ code: 'NotFound' })
    expect(await failureOf(alice.shares.audit('alice@id.example.com', bob.idurl, inTime()))).toMatchObject({
      code: 'NotFound',
    })
  })
})

describe('T49', () => {
  test('T49 a wrapped key sent as the question: PacketMalformed, nothing is decrypted', async () => {
    const world = await createWorld()
    const [bob, mallory] = [await world.user('bob'), await world.user('mallory')]
    const wrapped = await bob.masterKey.publicKey.wrap('bitdust/block-key/v1', randomBytes(32))
    const question = {
      owner: fromHex(bob.ref.fingerprint),
      alias: 'master',
      generation: 1,
      part: 'private',
      nonce: wrapped,
      expires: Date.now() + MINUTE_MS,
    }
    expect(await failureOf(askRaw(mallory, bob, encodeCanonical(question)))).toMatchObject({ code: 'PacketMalformed' })
  })

  test('T49 a stranger learns nothing: held or not, the refusal is the same', async () => {
    const world = await createWorld()
    const [alice, bob, mallory] = [await world.person('alice'), await world.user('bob'), await world.user('mallory')]
    const owner = alice.ref.fingerprint
    await bob.keyRing.add(shareKey, { alias: 'held', creator: owner })
    const messages = new Set<unknown>()
    for (const alias of ['held', 'missing', 'master'])
      for (const part of ['private', 'public'] as const) {
        const error = await failureOf(ask(mallory, bob, { owner, alias, part }))
        expect(error).toMatchObject({ code: 'Unauthorized' })
        messages.add((error as Error).message)
      }
    expect(messages.size).toBe(1)
  })

  test('T49 audits are limited in number', async () => {
    const world = await createWorld()
    const [bob, mallory] = [await world.user('bob'), await world.user('mallory')]
    for (let i = 0; i < PACKETS_PER_MINUTE; i++) await ask(mallory, bob)
    expect(await failureOf(ask(mallory, bob))).toMatchObject({ code: 'RateLimited' })
  })
})

describe('T50', () => {
  /** Mallory answers audits with what the test lets her. */
  async function audited(
    answer: (question: Uint8Array, mallory: User, world: { alice: User; bob: User }) => Promise<Uint8Array>,
  ) {
    const world = await createWorld()
    const [alice, bob] = [await world.user('alice'), await world.user('bob')]
    const mallory = await world.user('mallory', { attach: false })
    mallory.transport.handle('ProveKey', async (_, { payload }) => ({
      command: 'Ack',
      payload: await answer(payload, mallory, { alice, bob }),
    }))
    const names = { alias: 'group_abc', creator: alice.ref.fingerprint }
    await alice.keyRing.add(shareKey, names)
    await bob.keyRing.add(shareKey, names)
    const audit = (part: 'private' | 'public') =>
      failureOf(alice.shares.audit('group_abc', mallory.idurl, { part, ...inTime() }))
    return { alice, bob, mallory, audit }
  }

  test('T50 an answer that was made for another auditor: WrongAudience', async () => {
    const { audit, mallory } = await audited(async (question, { ref }, { bob }) => {
      const { nonce, expires } = proveKeyRequest.decode(question, 4096)
      const parties = { auditor: bob.ref.fingerprint, auditorPeer: bob.ref.peerId }
      const answers = { auditee: ref.fingerprint, auditeePeer: ref.peerId }
      const key = shareKey.publicKey.fingerprint
      const audit = { ...parties, ...answers, key, nonce, expires, purpose: 'private' } as const
      return (await keyAuditRecord.sign(audit, shareKey)).bytes
    })
    expect(await audit('private')).toMatchObject({ code: 'WrongAudience', culprit: mallory.ref.fingerprint })
  })

  test('T50 an answer of somebody else, relayed: WrongAudience; for the public part AuditFailed', async () => {
    const { audit } = await audited(async (question, _, { alice, bob }) => {
      // Bob answers alice herself; mallory got hold of it.
      return askRaw(alice, bob, question)
    })
    expect(await audit('private')).toMatchObject({ code: 'WrongAudience' })
    expect(await audit('public')).toMatchObject({ code: 'AuditFailed' })
  })

  test('T50 an earlier answer, replayed: ReplayDetected', async () => {
    const { audit } = await audited(async (question, { ref }, { alice }) => {
      const { expires } = proveKeyRequest.decode(question, 4096)
      const parties = { auditor: alice.ref.fingerprint, auditorPeer: alice.ref.peerId }
      const answers = { auditee: ref.fingerprint, auditeePeer: ref.peerId }
      const key = shareKey.publicKey.fingerprint
      const audit = { ...parties, ...answers, key, nonce: randomBytes(32), expires, purpose: 'private' } as const
      return (await keyAuditRecord.sign(audit, shareKey)).bytes
    })
    expect(await audit('private')).toMatchObject({ code: 'ReplayDetected' })
  })

  test('T50 the right transcript signed by another key, and noise: AuditFailed', async () => {
    const { audit } = await audited(async (question, { ref, masterKey }, { alice }) => {
      const { nonce, expires, part } = proveKeyRequest.decode(question, 4096)
      if (part === 'public') return randomBytes(32)
      const parties = { auditor: alice.ref.fingerprint, auditorPeer: alice.ref.peerId }
      const answers = { auditee: ref.fingerprint, auditeePeer: ref.peerId }
      const key = masterKey.publicKey.fingerprint
      const audit = { ...parties, ...answers, key, nonce, expires, purpose: 'private' } as const
      return (await keyAuditRecord.sign(audit, masterKey)).bytes
    })
    expect(await audit('private')).toMatchObject({ code: 'AuditFailed' })
    expect(await audit('public')).toMatchObject({ code: 'AuditFailed' })
  })

  test('T50 the right transcript with a wrong signature: AuditFailed', async () => {
    const { audit } = await audited(async (question, { ref }, { alice }) => {
      const { nonce, expires } = proveKeyRequest.decode(question, 4096)
      const parties = { auditor: alice.ref.fingerprint, auditorPeer: alice.ref.peerId }
      const answers = { auditee: ref.fingerprint, auditeePeer: ref.peerId }
      const key = shareKey.publicKey.fingerprint
      const audit = { ...parties, ...answers, key, nonce, expires, purpose: 'private' } as const
      const { bytes } = await keyAuditRecord.sign(audit, shareKey)
      bytes[bytes.length - 1]! ^= 1
      return bytes
    })
    expect(await audit('private')).toMatchObject({ code: 'AuditFailed' })
  })

  test('T50 a question is answered once, and not after its time or far before it', async () => {
    const world = await createWorld()
    const [alice, bob] = [await world.user('alice'), await world.user('bob')]
    const nonce = randomBytes(32)
    await ask(alice, bob, { nonce })
    expect(await failureOf(ask(alice, bob, { nonce }))).toMatchObject({ code: 'ReplayDetected' })
    for (const minutes of [-6, 7]) {
      const expires = Date.now() + minutes * MINUTE_MS
      expect(await failureOf(ask(alice, bob, { expires }))).toMatchObject({ code: 'ReplayDetected' })
    }
  })
})

describe('parties to a key', () => {
  const [owner, self, member, stranger] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
    Fingerprint,
    Fingerprint,
    Fingerprint,
    Fingerprint,
  ]
  const key = { owner, alias: 'group_abc', generation: 2 }

  /** What a node answers that has the share in generation 2 with these lines. */
  function judge(caller: Fingerprint, lines: readonly Partial<MemberLine>[], now = 0) {
    const location = { id: '' as LocationId, generation: 2 } as ShareLocation
    const full = lines.map((line) => ({
      who: { identity: member },
      rights: ['read'] as const,
      budgetBytes: null,
      expires: null,
      generation: 2,
      ...line,
    }))
    const locations = { get: async () => location, members: async () => full }
    const clock = { now: () => now }
    return requireParty({ self: { fingerprint: self }, locations, clock }, caller, key)
  }

  test('are its owner and those whom the list names now', async () => {
    await expect(judge(owner, [])).resolves.toBeUndefined()
    await expect(judge(member, [{}])).resolves.toBeUndefined()
    expect(await failureOf(judge(stranger, [{}, { who: { holderOf: 2 } }]))).toMatchObject({ code: 'Unauthorized' })
    expect(await failureOf(judge(member, [{ expires: 10 }], 10))).toMatchObject({ code: 'Unauthorized' })
    await expect(judge(member, [{ expires: 10 }], 9)).resolves.toBeUndefined()
  })

  test('T52 a member of an earlier generation is told that his key was revoked', async () => {
    expect(await failureOf(judge(member, [{ generation: 1 }]))).toMatchObject({ code: 'KeyRevoked' })
    await expect(judge(member, [{ generation: 1 }, { generation: 2 }])).resolves.toBeUndefined()
  })
})
