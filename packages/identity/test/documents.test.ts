/** What the documents say of identity files, IDURLs and ids, sentence by sentence, as far as one document shows it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import {
  createResolver,
  findContacts,
  formatGlobalId,
  formatIdentityDate,
  formatKeyId,
  type Idurl,
  idurlParts,
  idurlToUser,
  memoryIdentityStore,
  openIdentity,
  parseContact,
  parseGlobalId,
  parseIdurl,
  parseKeyId,
  parseVersion,
  signIdentity,
  userOfContact,
  userToIdurl,
} from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { memoryIdServers } from './memory-id-servers.ts'
import { aliceKey } from './test-keys.ts'

const { xml } = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/identity-document-v1.json'), 'utf8')) as {
  xml: string
}

describe('the example of the documents, completed', () => {
  test('has no XML header, no revision, contacts before sources, and values on lines of their own', async () => {
    expect(xml.startsWith('<identity>\n<contacts>')).toBe(true)
    expect(xml).not.toContain('<revision>')
    expect(xml).toContain('<version>\n  sources Linux')
    expect((await openIdentity(utf8Encode(xml))).revision).toBe(0)
  })

  test('signs the trimmed values: white space round them is free, inside them it is not', async () => {
    const loose = xml.replaceAll('\n', '\r\n').replaceAll(/>([^<>\s][^<>]*)</g, '>\n\t $1 \n<')
    const opened = await openIdentity(utf8Encode(loose))
    expect(opened.version).toBe('sources Linux-3.11.0-15-generic-i686-with-Ubuntu-12.04-precise')
    await expectCode('IdentitySignatureInvalid', () => openIdentity(utf8Encode(xml.replace('Sat Dec', 'Sat  Dec'))))
    await expectCode('IdentityMalformed', () => openIdentity(utf8Encode(xml.replace('Sat Dec', 'Sat\nDec'))))
  })

  test('an absent revision is signed as absent: nobody adds one', async () => {
    const added = xml.replace('<publickey>', '<revision>0</revision><publickey>')
    await expectCode('IdentitySignatureInvalid', () => openIdentity(utf8Encode(added)))
  })

  test('keeps the contact that names a user, who is found through his identity', async () => {
    const contact = 'udp://alice@first-machine.com'
    const document = await openIdentity(utf8Encode(xml))
    expect(document.contacts[1]).toBe(contact)
    expect(userOfContact(contact)).toEqual({ user: 'alice', host: 'first-machine.com' })
    expect(parseContact(contact)).toMatchObject({ protocol: 'udp', user: 'alice' })
    // Somebody else names alice: he is reached where alice is.
    const servers = memoryIdServers('first-machine.com', 'server-two.net', 'host3.org')
    for (const source of document.sources) servers.plant(source, document.bytes)
    const clock = createVirtualClock()
    const resolver = createResolver({ sources: [servers], store: memoryIdentityStore(), clock })
    const bob = await signIdentity(
      identityFields({ sources: ['http://host3.org/bob.xml'], contacts: [contact] }),
      aliceKey,
    )
    expect(await findContacts(bob.document, { resolver, clock })).toEqual(['tcp://123.45.67.89:7771'])
  })
})

test('the date is written as in the example, in UTC wherever the machine is', () => {
  const zone = process.env.TZ
  try {
    for (const place of ['Asia/Tokyo', 'America/New_York', 'UTC']) {
      process.env.TZ = place
      expect(formatIdentityDate(Date.UTC(2014, 11, 13, 14, 8, 36))).toBe('Sat Dec 13 14:08:36 2014')
    }
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test.each([
  ['http://first-machine.com/alice.xml', 'alice@first-machine.com'],
  ['http://veselin-penev.com/id.xml', 'id@veselin-penev.com'],
  ['http://123.45.67.89/id.xml', 'id@123.45.67.89'],
  ['http://123.45.67.89:8000/bob.xml', 'bob@123.45.67.89_8000'],
  ['http://host3.org/alice.xml', 'alice@host3.org'],
])('an identity may live at %s, and is %s in global ids', async (text, user) => {
  const idurl = parseIdurl(text)
  expect(idurlToUser(idurl)).toBe(user)
  expect(userToIdurl(user)).toBe(idurl)
  const { document } = await signIdentity(identityFields({ sources: [text] }), aliceKey)
  expect((await openIdentity(document.bytes)).sources).toEqual([idurl])
  expect(formatGlobalId(parseGlobalId(`group_abc$${user}:animals/cat.png`))).toBe(`group_abc$${user}:animals/cat.png`)
})

test.each([1, 2, 3, 4, 5, 6])('an identity may have %i sources', async (count) => {
  const sources = Array.from({ length: count }, (_, n) => `http://s${n}.com/alice.xml`)
  const { document } = await signIdentity(identityFields({ sources }), aliceKey)
  expect(document.sources).toEqual(sources)
})

test('hosts rotation: the new server is first, and the final IDURL is updated', async () => {
  const before = ['http://first-machine.com/alice.xml', 'http://server-two.net/alice.xml']
  const after = ['http://host3.org/alice.xml', ...before]
  const { document } = await signIdentity(identityFields({ sources: after, revision: 2 }), aliceKey)
  expect(document.sources[0]).toBe('http://host3.org/alice.xml')
  expect(document.sources.map((source) => idurlParts(source as Idurl).name)).toEqual(['alice', 'alice', 'alice'])
})

test.each([
  [
    'group_abc$alice@first-machine.com:animals/cat.png#F20160313043757PM',
    {
      alias: 'group_abc',
      user: 'alice',
      host: 'first-machine.com',
      path: 'animals/cat.png',
      version: 'F20160313043757PM',
    },
  ],
  [
    'key_xyz$bob@123.45.67.89_8000:cars/citroen.png#F20160313052124PM',
    {
      alias: 'key_xyz',
      user: 'bob',
      host: '123.45.67.89',
      port: 8000,
      path: 'cars/citroen.png',
      version: 'F20160313052124PM',
    },
  ],
])('global id %s', (text, id) => {
  expect(parseGlobalId(text)).toEqual(id)
  expect(formatGlobalId(id)).toBe(text)
  const keyId = text.slice(0, text.indexOf(':'))
  expect(formatKeyId(parseKeyId(keyId))).toBe(keyId)
  expect(parseVersion(id.version).copy).toBe(1)
})

test('every part of a global id may be left out', () => {
  const all = { alias: 'group_abc', path: 'animals/cat.png', version: 'F20160313043757PM' }
  const owner = { user: 'bob', host: '123.45.67.89', port: 8000 }
  for (let chosen = 0; chosen < 16; chosen++) {
    const id = {
      ...Object.fromEntries(Object.entries(all).filter((_, part) => (chosen & (1 << part)) !== 0)),
      ...(chosen & 8 ? owner : {}),
    }
    expect(parseGlobalId(formatGlobalId(id))).toEqual(id)
  }
})

test('we write it as the documents do, behind an XML header and with a revision', async () => {
  const { bytes } = await signIdentity(identityFields({ revision: 7 }), aliceKey)
  const [header, root, first] = utf8Decode(bytes).split('\n')
  expect([header, root, first]).toEqual(['<?xml version="1.0" encoding="utf-8"?>', '<identity>', '  <contacts>'])
  expect(utf8Decode(bytes)).toContain('\n  <certificates/>\n  <scrubbers/>\n  <postage>1</postage>\n')
  expect(utf8Decode(bytes)).toContain('\n  <revision>7</revision>\n')
})
