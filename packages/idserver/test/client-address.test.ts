import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClientAddressReader } from '../src/limits/client-address.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { codeOf, testServer } from './support/servers.ts'

describe('the sender behind proxies', () => {
  const { read } = createClientAddressReader(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'])

  test.each([
    ['no proxy, no header', '203.0.113.7', null, '203.0.113.7'],
    ['a stranger writes the header', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['a proxy tells', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a proxy in IPv6 notation', '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
    ['what a stranger wrote stands before him', '127.0.0.1', '127.0.0.1, 198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['two proxies', '127.0.0.1', '198.51.100.1, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['IPv6, with port', 'fd00::1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['IPv4, with port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['only proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the proxy tells nothing', '10.0.0.1', null, '10.0.0.1'],
    ['the proxy tells nothing usable', '10.0.0.1', '203.0.113.7, unknown', '10.0.0.1'],
    ['numbers that are no address', '10.0.0.1', '3405803783', '10.0.0.1'],
    ['no address at all', undefined, '203.0.113.7', undefined],
  ])('%s', (_, remoteAddress, header, expected) => {
    expect(read(remoteAddress, header)).toBe(expected)
  })

  test('whatever a stranger writes before his own address changes nothing', () => {
    fc.assert(
      fc.property(fc.string(), (written) => {
        expect(read('10.0.0.1', `${written},203.0.113.7`)).toBe('203.0.113.7')
        expect(read('203.0.113.7', written)).toBe('203.0.113.7')
      }),
    )
  })

  test.each(['10.0.0.0/33', 'proxy.example', '', '127.1', '0x7f000001', '::1/200'])('%j is no proxy', (text) => {
    expect(() => createClientAddressReader([text])).toThrow(RangeError)
  })
})

test('limits count for the sender whom a trusted proxy tells, and only then', async () => {
  const limits = { uploadsPerMinute: 1 }
  const send = async (server: ReturnType<typeof testServer>, name: string, sender: string) => {
    const body = await makeIdentity({ sources: [`http://${HOST}/${name}.xml`] })
    return codeOf(await server.ask('POST', '/', { body, from: '10.0.0.1', headers: { 'x-forwarded-for': sender } }))
  }
  const behind = testServer({ limits, trustedProxies: ['10.0.0.0/8'] })
  expect(await send(behind, 'u1', '203.0.113.7')).toBe('Created')
  expect(await send(behind, 'u2', '203.0.113.7')).toBe('RateLimited')
  expect(await send(behind, 'u2', '198.51.100.1')).toBe('Created')

  const alone = testServer({ limits })
  expect(await send(alone, 'u1', '203.0.113.7')).toBe('Created')
  expect(await send(alone, 'u2', '198.51.100.1')).toBe('RateLimited')
})
