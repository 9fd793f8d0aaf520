import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  createPublisher,
  type DropMemory,
  type IdentityDocument,
  IdentityError,
  type IdentityFields,
  MAX_DROPS,
  memoryDropMemory,
  openIdentity,
  type Publisher,
  type SignedIdentity,
  signIdentity,
} from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { type MemoryIdServers, memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, malloryKey } from './test-keys.ts'

const ONE = 'http://first-machine.com/alice.xml'
const TWO = 'http://server-two.net/alice.xml'
const THREE = 'http://host3.org/alice.xml'

let servers: MemoryIdServers
let first: SignedIdentity
let changes: IdentityDocument[]
let publisher: Publisher
let clock: VirtualClock
let staticSource: string | undefined
let drops: DropMemory

beforeEach(async () => {
  clock = createVirtualClock()
  staticSource = undefined
  drops = memoryDropMemory()
  servers = memoryIdServers('first-machine.com', 'server-two.net', 'host3.org')
  first = await signIdentity(identityFields({ revision: 4 }), aliceKey)
  for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
  changes = []
  publisher = newPublisher(first.document)
})

function newPublisher(identity: IdentityDocument): Publisher {
  return createPublisher({
    key: aliceKey,
    identity,
    idServers: servers,
    clock,
    drops,
    isStatic: (source) => source === staticSource,
    onChanged: (document) => void changes.push(document),
  })
}

/** What another device of Alice writes behind our back. */
async function writtenElsewhere(fields: Parameters<typeof identityFields>[0]): Promise<Uint8Array> {
  return (await signIdentity(identityFields(fields), aliceKey)).bytes
}

const addContact = (contact: string) => (fields: IdentityFields) => ({
  ...fields,
  contacts: [...fields.contacts, contact],
})

async function revisionAt(idurl: string): Promise<number> {
  return (await openIdentity(servers.at(idurl) ?? new Uint8Array())).revision
}

describe('publish', () => {
  test('the next revision goes to all sources, dated', async () => {
    const { document, bytes, outcomes } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
    expect(document).toMatchObject({ revision: 5, date: 'Thu Jan 01 00:00:00 2026' })
    expect(document.contacts).toContain('tcp://8.8.8.8:1')
    expect(outcomes).toEqual([
      { source: ONE, is: 'published' },
      { source: TWO, is: 'published' },
    ])
    expect([servers.at(ONE), servers.at(TWO)]).toEqual([bytes, bytes])
    expect(publisher.current()).toBe(document)
    expect(changes).toEqual([document])
  })

  test('what another device published stays', async () => {
    const bytes = await writtenElsewhere({ revision: 7, certificates: ['Y2VydA=='], contacts: ['tcp://1.1.1.1:1'] })
    servers.plant(TWO, bytes)
    const { document } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
    expect(document.revision).toBe(8)
    expect(document.certificates).toEqual(['Y2VydA=='])
    expect(document.contacts).toEqual(['tcp://1.1.1.1:1', 'tcp://8.8.8.8:1'])
  })

  test('two devices wrote the same revision to different servers: both changes stay', async () => {
    servers.plant(ONE, await writtenElsewhere({ revision: 5, certificates: ['YQ=='], contacts: ['tcp://1.1.1.1:1'] }))
    servers.plant(TWO, await writtenElsewhere({ revision: 5, certificates: ['Yg=='], contacts: ['tcp://2.2.2.2:2'] }))
    const { document } = await publisher.publish((fields) => fields)
    expect(document.revision).toBe(6)
    expect([...document.certificates].sort()).toEqual(['YQ==', 'Yg=='])
    expect([...document.contacts].sort()).toEqual(['tcp://1.1.1.1:1', 'tcp://2.2.2.2:2'])
  })

  describe('T06 a certificate that one of two devices dropped at the same moment does not come back', () => {
    const [REVOKED, KEPT, ADDED, OURS] = ['YQ==', 'Yg==', 'Yw==', 'ZA=='] as const

    const addCertificate = (text: string) => (fields: IdentityFields) => ({
      ...fields,
      certificates: [...fields.certificates, text],
    })

    /** We add a device while only TWO answers, another machine revokes one and adds another while only ONE does. */
    async function fork(): Promise<void> {
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      servers.kill('first-machine.com')
      await publisher.publish(addCertificate(OURS))
      servers.revive('first-machine.com')
      servers.plant(ONE, await writtenElsewhere({ revision: 5, certificates: [KEPT, ADDED] }))
    }

    test('and what either added stays', async () => {
      await fork()
      const { document } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
      expect(document.revision).toBe(6)
      expect([...document.certificates].sort()).toEqual([KEPT, ADDED, OURS])
    })

    test('after a restart either, when nobody knows any more who added what', async () => {
      await fork()
      publisher = newPublisher(publisher.current())
      expect((await publisher.publish(addContact('tcp://8.8.8.8:1'))).document.certificates).toEqual([KEPT])
    })

    test('with a later revision of a machine that did not hear of it: dropped again, without being told', async () => {
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      await publisher.publish((fields) => ({ ...fields, certificates: [KEPT] }))
      const later = await writtenElsewhere({ revision: 7, certificates: [REVOKED, KEPT, ADDED] })
      for (const idurl of [ONE, TWO]) servers.plant(idurl, later)
      for (const server of ['first-machine.com', 'server-two.net']) servers.refuse(server)
      await publisher.check()
      expect(publisher.current().revision).toBe(7)
      for (const server of ['first-machine.com', 'server-two.net']) servers.accept(server)
      expect((await publisher.check()).map(({ is }) => is)).toEqual(['current', 'current'])
      expect(publisher.current()).toMatchObject({ revision: 8, certificates: [KEPT, ADDED] })
      expect([await revisionAt(ONE), await revisionAt(TWO)]).toEqual([8, 8])
    })

    test('with a later revision after a restart: dropped again, and noted before it was dropped first', async () => {
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      let noted: readonly string[] = []
      servers.beforePublish = async () => {
        servers.beforePublish = undefined
        noted = await drops.get()
      }
      await publisher.publish((fields) => ({ ...fields, certificates: [KEPT] }))
      expect(noted).toEqual([REVOKED])
      const later = await writtenElsewhere({ revision: 7, certificates: [REVOKED, KEPT, ADDED] })
      for (const idurl of [ONE, TWO]) servers.plant(idurl, later)
      publisher = newPublisher(publisher.current())
      await publisher.check()
      expect(publisher.current()).toMatchObject({ revision: 8, certificates: [KEPT, ADDED] })
    })

    test('unless dropping it failed, or it was added again', async () => {
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      const drop = () => publisher.publish((fields) => ({ ...fields, certificates: [KEPT] }))
      for (const server of ['first-machine.com', 'server-two.net']) servers.refuse(server)
      await expectCode('Timeout', drop)
      expect(await drops.get()).toEqual([])
      for (const server of ['first-machine.com', 'server-two.net']) servers.accept(server)
      await drop()
      expect(await drops.get()).toEqual([REVOKED])
      await publisher.publish(addCertificate(REVOKED))
      expect(await drops.get()).toEqual([])
    })

    test('as long as not too many were dropped after it', async () => {
      const old = Array.from({ length: MAX_DROPS }, (_, n) => `old${n}`)
      await drops.put(old)
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      await publisher.publish((fields) => ({ ...fields, certificates: [KEPT] }))
      expect(await drops.get()).toEqual([...old.slice(1), REVOKED])
    })

    test('although the change that dropped it had to be made twice', async () => {
      first = await signIdentity(identityFields({ revision: 4, certificates: [REVOKED, KEPT] }), aliceKey)
      for (const idurl of [ONE, TWO]) servers.plant(idurl, first.bytes)
      publisher = newPublisher(first.document)
      servers.beforePublish = async (idurl) => {
        if (idurl !== TWO) return
        servers.beforePublish = undefined
        servers.plant(TWO, await writtenElsewhere({ revision: 5, certificates: [REVOKED, KEPT, ADDED] }))
      }
      await publisher.publish((fields) => ({
        ...fields,
        certificates: fields.certificates.filter((text) => text !== REVOKED),
      }))
      expect(publisher.current()).toMatchObject({ revision: 6, certificates: [KEPT, ADDED] })
      servers.plant(ONE, await writtenElsewhere({ revision: 9, certificates: [REVOKED, KEPT] }))
      await publisher.check()
      expect(publisher.current()).toMatchObject({ revision: 10, certificates: [KEPT] })
    })
  })

  test('another device publishes in between: repeated on top of it', async () => {
    servers.beforePublish = async () => {
      servers.beforePublish = undefined
      const bytes = await writtenElsewhere({ revision: 5, certificates: ['Y2VydA=='] })
      for (const idurl of [ONE, TWO]) servers.plant(idurl, bytes)
    }
    const { document } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
    expect(document.revision).toBe(6)
    expect(document.certificates).toEqual(['Y2VydA=='])
    expect(document.contacts).toContain('tcp://8.8.8.8:1')
    expect(await revisionAt(ONE)).toBe(6)
  })

  test('others never stop writing: it gives up', async () => {
    let revision = 5
    servers.beforePublish = async (idurl) => servers.plant(idurl, await writtenElsewhere({ revision: revision++ }))
    await expectCode('Timeout', () => publisher.publish((fields) => fields))
    expect(changes).toEqual([])
  })

  test('calls at the same time wait for each other', async () => {
    await Promise.all([1, 2, 3].map((n) => publisher.publish(addContact(`tcp://8.8.8.8:${n}`))))
    expect(publisher.current().revision).toBe(7)
    expect(publisher.current().contacts).toHaveLength(5)
  })

  test('a dead source is told, and does not stop the others', async () => {
    servers.kill('first-machine.com')
    const { outcomes } = await publisher.publish((fields) => fields)
    expect(outcomes.map(({ is }) => is)).toEqual(['dead', 'published'])
    expect(await revisionAt(TWO)).toBe(5)
  })

  test('no source takes it: nothing is changed', async () => {
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    await expectCode('Timeout', () => publisher.publish((fields) => fields))
    expect(publisher.current()).toBe(first.document)
  })

  test('the name was lost everywhere', async () => {
    const taken = await signIdentity(identityFields({ revision: 9 }), malloryKey)
    for (const idurl of [ONE, TWO]) servers.plant(idurl, taken.bytes)
    await expectCode('IdentityNameTaken', () => publisher.publish((fields) => fields))
    expect(publisher.current()).toBe(first.document)
  })

  test('a new source that refuses: the others are not touched', async () => {
    servers.refuse('host3.org')
    const moved = publisher.publish((fields) => ({
      ...fields,
      sources: identityFields({ sources: [THREE, TWO] }).sources,
    }))
    await expect(moved).rejects.toMatchObject({ code: 'Timeout', subject: THREE })
    expect([await revisionAt(ONE), await revisionAt(TWO), servers.at(THREE)]).toEqual([4, 4, null])
  })

  test('a change that breaks a rule', async () => {
    await expectCode('IdentityMalformed', () => publisher.publish((fields) => ({ ...fields, sources: [] })))
    expect(await revisionAt(ONE)).toBe(4)
  })

  test('an abort ends it', async () => {
    const reason = new Error('enough')
    await expect(publisher.publish((fields) => fields, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await revisionAt(ONE)).toBe(4)
  })
})

describe('check', () => {
  test('tells how each source stands', async () => {
    expect(await publisher.check()).toEqual([
      { source: ONE, is: 'current', isStatic: false },
      { source: TWO, is: 'current', isStatic: false },
    ])
    servers.plant(ONE, null)
    servers.plant(TWO, await writtenElsewhere({ revision: 3 }))
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['missing', 'stale'])
    servers.plant(ONE, (await signIdentity(identityFields(), malloryKey)).bytes)
    servers.kill('server-two.net')
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['taken', 'dead'])
    servers.plant(ONE, new TextEncoder().encode('<html/>'))
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['taken', 'dead'])
    expect(changes).toEqual([])
  })

  test('takes over what another device published', async () => {
    servers.plant(TWO, await writtenElsewhere({ revision: 8 }))
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['stale', 'current'])
    expect(publisher.current().revision).toBe(8)
    expect(changes).toHaveLength(1)
  })
})

describe('adopt', () => {
  test('takes over a newer document of this key, nothing else', async () => {
    const newer = (await signIdentity(identityFields({ revision: 7 }), aliceKey)).document
    for (const document of [
      (await signIdentity(identityFields({ revision: 3 }), aliceKey)).document,
      (await signIdentity(identityFields({ revision: 4, version: 'other' }), aliceKey)).document,
      (await signIdentity(identityFields({ revision: 9 }), malloryKey)).document,
    ])
      await publisher.adopt(document)
    expect(publisher.current()).toBe(first.document)
    await publisher.adopt(newer)
    expect(publisher.current()).toBe(newer)
    expect(changes).toEqual([newer])
    expect((await publisher.publish((fields) => fields)).document.revision).toBe(8)
  })
})

describe('reports on sources', () => {
  const reports = () => publisher.sources().map(({ is }) => is)

  test('since when each is as it is', async () => {
    expect(reports()).toEqual(['unknown', 'unknown'])
    await publisher.check()
    const began = clock.now()
    await clock.advance(1_000)
    servers.kill('server-two.net')
    await publisher.check()
    expect(publisher.sources()).toEqual([
      { source: ONE, is: 'current', isStatic: false, since: began },
      { source: TWO, is: 'dead', isStatic: false, since: began + 1_000 },
    ])
    await clock.advance(1_000)
    await publisher.check()
    expect(publisher.sources()[1]).toMatchObject({ is: 'dead', since: began + 1_000 })
  })

  test('a publication tells too, and a source that was left is forgotten', async () => {
    servers.kill('first-machine.com')
    await publisher.publish((fields) => fields)
    expect(reports()).toEqual(['dead', 'current'])
    await publisher.publish((fields) => ({ ...fields, sources: identityFields({ sources: [TWO] }).sources }))
    expect(publisher.sources().map(({ source }) => source)).toEqual([TWO])
  })
})

describe('a static host', () => {
  const withStatic = (fields: IdentityFields) => ({
    ...fields,
    sources: identityFields({ sources: [...fields.sources, THREE] }).sources,
  })
  const states = async () => (await publisher.check()).map(({ is }) => is)

  test('becomes a source without being sent anything, and is current once its owner copied the document', async () => {
    staticSource = THREE
    const { outcomes, bytes } = await publisher.publish(withStatic)
    expect(outcomes.map(({ is }) => is)).toEqual(['published', 'published', 'static'])
    expect(servers.at(THREE)).toBeNull()
    expect(publisher.sources()[2]).toMatchObject({ source: THREE, is: 'missing', isStatic: true })
    servers.plant(THREE, bytes)
    expect(await states()).toEqual(['current', 'current', 'current'])
  })

  test('is behind after the next change', async () => {
    staticSource = THREE
    servers.plant(THREE, (await publisher.publish(withStatic)).bytes)
    await publisher.check()
    const { bytes } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
    expect(publisher.sources()[2]).toMatchObject({ is: 'stale' })
    expect(await states()).toEqual(['current', 'current', 'stale'])
    await publisher.republish()
    expect(servers.at(THREE)).not.toEqual(bytes)
  })

  test('may be the only source', async () => {
    staticSource = THREE
    const only = () => ({ ...identityFields(), sources: identityFields({ sources: [THREE] }).sources })
    expect((await publisher.publish(only)).outcomes).toEqual([{ source: THREE, is: 'static' }])
  })

  test('does not stand for an ID-server: when all of these are silent, nothing is changed', async () => {
    staticSource = THREE
    await publisher.publish(withStatic)
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    await expectCode('Timeout', () => publisher.publish(addContact('tcp://8.8.8.8:1')))
  })

  test('where somebody else has the name does not become a source', async () => {
    staticSource = THREE
    servers.plant(THREE, (await signIdentity(identityFields({ sources: [THREE] }), malloryKey)).bytes)
    await expectCode('IdentityNameTaken', () => publisher.publish(withStatic))
    expect(await revisionAt(ONE)).toBe(4)
  })
})

describe('when no ID-server answers', () => {
  test('the document is kept if that is wanted, and goes out when they are back', async () => {
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    const { outcomes, document } = await publisher.publish(addContact('tcp://8.8.8.8:1'), { unpublished: 'keep' })
    expect(outcomes.map(({ is }) => is)).toEqual(['dead', 'dead'])
    expect(publisher.current()).toBe(document)
    expect(changes).toEqual([document])
    servers.revive('first-machine.com')
    expect((await publisher.republish()).map(({ is }) => is)).toEqual(['published', 'dead'])
    expect(servers.at(ONE)).toEqual(document.bytes)
  })
})

describe('hostile ID-servers', () => {
  test('T06 an older document of ours never replaces what this device knows', async () => {
    const older = first.bytes
    await publisher.publish(addContact('tcp://8.8.8.8:1'))
    for (const idurl of [ONE, TWO]) servers.plant(idurl, older)
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['stale', 'stale'])
    expect(publisher.current().revision).toBe(5)
    const { document } = await publisher.publish((fields) => fields)
    expect(document.revision).toBe(6)
    expect(document.contacts).toContain('tcp://8.8.8.8:1')
    expect(changes.map(({ revision }) => revision)).toEqual([5, 6])
  })

  test('T06 a revoked certificate does not come back with an older document', async () => {
    servers.plant(TWO, await writtenElsewhere({ revision: 3, certificates: ['Y2VydA=='] }))
    expect((await publisher.publish((fields) => fields)).document.certificates).toEqual([])
  })

  test('T06 one that claims a later revision and cannot show it holds up nobody', async () => {
    servers.beforePublish = (idurl) => {
      if (idurl === ONE) throw new IdentityError('IdentityRollback', 'I have a later one')
    }
    const { outcomes } = await publisher.publish(addContact('tcp://8.8.8.8:1'))
    expect(outcomes.map(({ is }) => is)).toEqual(['dead', 'published'])
    expect(await revisionAt(TWO)).toBe(5)
  })

  test('T05 the document of another key at a source is not taken for ours', async () => {
    servers.plant(ONE, (await signIdentity(identityFields({ revision: 99 }), malloryKey)).bytes)
    expect((await publisher.check()).map(({ is }) => is)).toEqual(['taken', 'current'])
    expect((await publisher.publish((fields) => fields)).document).toMatchObject({
      revision: 5,
      fingerprint: aliceKey.publicKey.fingerprint,
    })
  })
})
