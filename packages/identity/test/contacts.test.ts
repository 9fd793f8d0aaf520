import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Contact,
  contactToMultiaddr,
  formatContact,
  multiaddrsOfDevice,
  multiaddrToContact,
  parseContact,
  peerIdOfDevice,
  type User,
  userOfContact,
} from '../src/index.ts'
import { codeOf, expectCode } from './expect-code.ts'
import { hostName, port, userName } from './names/arbitraries.ts'

const laptop = peerIdOfDevice(new Uint8Array(32).fill(1))
const phone = peerIdOfDevice(new Uint8Array(32).fill(2))
const relay = peerIdOfDevice(new Uint8Array(32).fill(3))

const peerId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => peerIdOfDevice(bytes))
const address = fc.record({ host: hostName, port })
const named = fc.record({ peerId }, { requiredKeys: [] })
/** Contacts that are addresses, so all but those of users. */
const dialable: fc.Arbitrary<Contact> = fc.oneof(
  fc
    .tuple(fc.constantFrom('tcp' as const, 'udp' as const, 'http' as const), address, named)
    .map(([protocol, ...rest]) => ({ protocol, ...rest[0], ...rest[1] })),
  fc
    .tuple(address, named, peerId)
    .map(([where, who, via]) => ({ protocol: 'proxy' as const, ...where, ...who, relay: via })),
)
const ofUser: fc.Arbitrary<Contact> = fc
  .tuple(hostName, fc.option(port, { nil: 80 }), userName)
  .map(([host, number, user]) => ({ protocol: 'udp' as const, host, port: number, user }))

describe('contact', () => {
  test.each<[string, Contact, string]>([
    ['tcp://123.45.67.89:7771', { protocol: 'tcp', host: '123.45.67.89', port: 7771 }, '/ip4/123.45.67.89/tcp/7771'],
    [
      `tcp://${laptop}@first-machine.com:1`,
      { protocol: 'tcp', host: 'first-machine.com', port: 1, peerId: laptop },
      `/dns/first-machine.com/tcp/1/p2p/${laptop}`,
    ],
    [
      'http://[2606:4700::1111]:80',
      { protocol: 'http', host: '[2606:4700::1111]', port: 80 },
      '/ip6/2606:4700::1111/tcp/80/ws',
    ],
    [
      'udp://123.45.67.89:7771',
      { protocol: 'udp', host: '123.45.67.89', port: 7771 },
      '/ip4/123.45.67.89/udp/7771/quic-v1',
    ],
    [
      `proxy://${relay}@123.45.67.89:7771/${laptop}`,
      { protocol: 'proxy', host: '123.45.67.89', port: 7771, relay, peerId: laptop },
      `/ip4/123.45.67.89/tcp/7771/p2p/${relay}/p2p-circuit/p2p/${laptop}`,
    ],
  ])('%s', (text, contact, multiaddr) => {
    expect(parseContact(text)).toEqual(contact)
    expect(formatContact(contact)).toBe(text)
    expect(contactToMultiaddr(contact)).toBe(multiaddr)
  })

  test.each<[string, Contact, User]>([
    [
      'udp://alice@first-machine.com',
      { protocol: 'udp', host: 'first-machine.com', port: 80, user: 'alice' },
      { user: 'alice', host: 'first-machine.com' },
    ],
    [
      'udp://bob@123.45.67.89:8000',
      { protocol: 'udp', host: '123.45.67.89', port: 8000, user: 'bob' },
      { user: 'bob', host: '123.45.67.89', port: 8000 },
    ],
  ])('%s names a user, and is no address', async (text, contact, user) => {
    expect(parseContact(text)).toEqual(contact)
    expect(formatContact(contact)).toBe(text)
    expect(userOfContact(text)).toEqual(user)
    await expectCode('IdentityMalformed', () => contactToMultiaddr(contact))
  })

  test('an address names no user, nor does what is no contact', () => {
    for (const text of ['tcp://123.45.67.89:7771', `udp://${laptop}@first-machine.com:1`, 'udp://x@', ''])
      expect(userOfContact(text)).toBeNull()
  })

  test('law: parse undoes format', () => {
    fc.assert(
      fc.property(fc.oneof(dialable, ofUser), (contact) => {
        expect(parseContact(formatContact(contact))).toEqual(contact)
      }),
    )
  })

  test('law: contacts and multiaddrs go both ways', () => {
    fc.assert(
      fc.property(dialable, (contact) => {
        expect(multiaddrToContact(contactToMultiaddr(contact))).toEqual(contact)
      }),
    )
  })

  test('law: any text is refused, or written the same way again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.tuple(fc.constantFrom('tcp://', 'proxy://'), fc.string()).map((parts) => parts.join('')),
        ),
        async (text) => {
          const code = await codeOf(() =>
            expect(parseContact(formatContact(parseContact(text)))).toEqual(parseContact(text)),
          )
          expect([undefined, 'IdentityMalformed', 'IdurlForbidden']).toContain(code)
        },
      ),
    )
  })

  test.each([
    '',
    'tcp://',
    'tcp://123.45.67.89',
    'tcp://123.45.67.89:0',
    'tcp://123.45.67.89:07771',
    'tcp://123.45.67.89:70000',
    'tcp://123.45.67.89:7771/',
    'tcp://alice@123.45.67.89:7771',
    'tcp://a:b@123.45.67.89:7771',
    'tcp://127.1:7771',
    'tcp://first_machine.com:7771',
    'https://123.45.67.89:7771',
    'proxy://123.45.67.89:7771',
    `proxy://${relay}@123.45.67.89:7771/alice`,
    `tcp://${relay}@123.45.67.89:7771/${laptop}`,
    'udp://first-machine.com',
    'udp://Alice@first-machine.com',
  ])('%j is of no known form', async (text) => {
    await expectCode('IdentityMalformed', () => parseContact(text))
  })

  test.each([
    'tcp://127.0.0.1:1',
    'tcp://10.0.0.1:1',
    'http://localhost:1',
    'udp://alice@[::1]',
    'tcp://0.0.0.0:1',
    'tcp://[::ffff:10.0.0.1]:1',
  ])('T10 %s would lead into our own network', async (text) => {
    const code = await codeOf(() => parseContact(text))
    expect(['IdurlForbidden', 'IdentityMalformed']).toContain(code)
  })

  test('T10 a local network allows what is private, and nothing else', async () => {
    expect(parseContact('tcp://127.0.0.1:1', { allowPrivate: true }).host).toBe('127.0.0.1')
    await expectCode('IdurlForbidden', () => parseContact('tcp://0.0.0.0:1', { allowPrivate: true }))
  })

  test.each([
    '',
    '/ip4/1.2.3.4/tcp/1/tls',
    '/ip4/1.2.3.4/udp/1',
    '/unix/a',
    '/memory/1',
    `/p2p/${laptop}`,
    '/ip4/1.2.3.4/tcp/0',
    `/ip4/1.2.3.4/udp/1/quic-v1/p2p/${relay}/p2p-circuit`,
  ])('%j is no contact', (multiaddr) => {
    expect(multiaddrToContact(multiaddr)).toBeNull()
  })

  test.each(['dns4', 'dns6'])('/%s is a name', (kind) => {
    expect(multiaddrToContact(`/${kind}/first-machine.com/tcp/1`)).toEqual({
      protocol: 'tcp',
      host: 'first-machine.com',
      port: 1,
    })
  })
})

test('where to dial a device: its own contacts, in the order of the owner', () => {
  const contacts = [
    'tcp://123.45.67.89:1',
    'gopher://123.45.67.89:1',
    `tcp://${phone}@123.45.67.89:2`,
    `tcp://${laptop}@123.45.67.89:3`,
    'udp://alice@first-machine.com',
    'tcp://10.0.0.1:4',
    `proxy://${relay}@123.45.67.89:5`,
  ]
  const expected = [
    `/ip4/123.45.67.89/tcp/1/p2p/${laptop}`,
    `/ip4/123.45.67.89/tcp/3/p2p/${laptop}`,
    `/ip4/123.45.67.89/tcp/5/p2p/${relay}/p2p-circuit/p2p/${laptop}`,
  ]
  expect(multiaddrsOfDevice(contacts, laptop)).toEqual(expected)
  expect(multiaddrsOfDevice(contacts, laptop, { allowPrivate: true })).toContain(`/ip4/10.0.0.1/tcp/4/p2p/${laptop}`)
})
