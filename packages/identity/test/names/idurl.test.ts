import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIdurl, idServerOf, idurlOn, idurlParts, parseIdServer, parseIdurl } from '../../src/index.ts'
import { codeOf, expectCode } from '../expect-code.ts'
import { hostName, port, userName } from './arbitraries.ts'

describe('IDURL', () => {
  test.each([
    ['http://first-machine.com/alice.xml', 'http://first-machine.com/alice.xml'],
    ['HTTP://First-Machine.COM/alice.xml', 'http://first-machine.com/alice.xml'],
    ['http://first-machine.com:80/alice.xml', 'http://first-machine.com/alice.xml'],
    ['https://first-machine.com:443/alice.xml', 'https://first-machine.com/alice.xml'],
    ['https://first-machine.com:80/alice.xml', 'https://first-machine.com:80/alice.xml'],
    ['http://123.45.67.89:8000/id.xml', 'http://123.45.67.89:8000/id.xml'],
    ['http://[2606:4700::1111]/bob_-9.xml', 'http://[2606:4700::1111]/bob_-9.xml'],
  ])('%s becomes %s', (text, canonical) => {
    expect(parseIdurl(text)).toBe(canonical)
  })

  test('law: format undoes parts, and parsing the canonical form changes nothing', () => {
    const parts = fc.record({
      scheme: fc.constantFrom('http' as const, 'https' as const),
      host: hostName,
      name: userName,
    })
    fc.assert(
      fc.property(parts, fc.option(port, { nil: undefined }), (rest, number) => {
        const idurl = formatIdurl(number === undefined ? rest : { ...rest, port: number })
        expect(parseIdurl(idurl, { allowPrivate: true })).toBe(idurl)
        expect(formatIdurl(idurlParts(idurl))).toBe(idurl)
      }),
    )
  })

  test('law: whatever text comes in, it is refused with IdurlForbidden or canonical', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          hostName.map((host) => `http://${host}/a.xml`),
        ),
        async (text) => {
          const code = await codeOf(() => parseIdurl(text))
          if (code === undefined) expect(parseIdurl(parseIdurl(text))).toBe(parseIdurl(text))
          else expect(code).toBe('IdurlForbidden')
        },
      ),
    )
  })

  test.each([
    'file:///etc/passwd.xml',
    'ftp://first-machine.com/alice.xml',
    'javascript:alert(1)//a.xml',
    'http://user:pass@first-machine.com/alice.xml',
    'http://user@first-machine.com/alice.xml',
    'http://first-machine.com:0/alice.xml',
    'http://first-machine.com:70000/alice.xml',
    'http://first-machine.com:080/alice.xml',
    'http://first-machine.com:/alice.xml',
    'http://first-machine.com/../x.xml',
    'http://first-machine.com/%2e%2e/x.xml',
    'http://first-machine.com/%61lice.xml',
    'http://first-machine.com/a/alice.xml',
    'http://first-machine.com//alice.xml',
    'http://first-machine.com\\@127.0.0.1/alice.xml',
    'http://first-machine.com/Alice.xml',
    'http://first-machine.com/alice.XML',
    'http://first-machine.com/a.xml',
    `http://first-machine.com/${'a'.repeat(21)}.xml`,
    'http://first-machine.com/alice.xml?a=b',
    'http://first-machine.com/alice.xml#a',
    ' http://first-machine.com/alice.xml',
    'http://first-machine.com/alice.xml\n',
    'http://first_machine.com/alice.xml',
    'http://first-machine.com./alice.xml',
    'http://täst.de/alice.xml',
    'http://127.1/alice.xml',
    'http://2130706433/alice.xml',
    'http://0x7f000001/alice.xml',
    'http://0177.0.0.1/alice.xml',
    'http://[::ffff:127.0.0.1]/alice.xml',
    'http://[::ffff:8.8.8.8]/alice.xml',
    'http:///alice.xml',
    `http://${'a'.repeat(300)}.com/alice.xml`,
    '',
  ])('T10 forbidden always: %s', async (text) => {
    await expectCode('IdurlForbidden', () => parseIdurl(text, { allowPrivate: true }))
  })

  test.each([
    'http://127.0.0.1/alice.xml',
    'http://localhost/alice.xml',
    'http://a.localhost/alice.xml',
    'http://10.0.0.1:8084/alice.xml',
    'http://192.168.1.1/alice.xml',
    'http://172.16.0.1/alice.xml',
    'http://169.254.169.254/alice.xml',
    'http://100.64.0.1/alice.xml',
    'http://[::1]/alice.xml',
    'http://[fe80::1]/alice.xml',
    'http://[fd00::1]/alice.xml',
  ])('T10 forbidden unless the network is local: %s', async (text) => {
    await expectCode('IdurlForbidden', () => parseIdurl(text))
    expect(parseIdurl(text, { allowPrivate: true })).toBe(text)
  })

  test.each([
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '[::]',
    '[ff02::1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ])('T10 never, not even on a local network: %s', async (host) => {
    await expectCode('IdurlForbidden', () => parseIdurl(`http://${host}/alice.xml`, { allowPrivate: true }))
  })
})

describe('ID-server address', () => {
  test.each([
    ['first-machine.com', 'http://first-machine.com'],
    ['First-Machine.com:80', 'http://first-machine.com'],
    ['first-machine.com:8084', 'http://first-machine.com:8084'],
    ['https://first-machine.com/', 'https://first-machine.com'],
    ['http://[2606:4700::1111]:8084', 'http://[2606:4700::1111]:8084'],
  ])('%s becomes %s', (text, address) => {
    expect(parseIdServer(text)).toBe(address)
  })

  test.each([
    '',
    'ftp://first-machine.com',
    'http://first-machine.com/a',
    'http://first-machine.com/a/',
    'first-machine.com?a',
    '127.0.0.1',
  ])('T10 %s is forbidden', async (text) => {
    await expectCode('IdurlForbidden', () => parseIdServer(text))
  })

  test('law: an IDURL is its server and its name', () => {
    fc.assert(
      fc.property(hostName, port, userName, (host, number, name) => {
        const idurl = formatIdurl({ scheme: 'https', host, port: number, name })
        expect(idurlOn(idServerOf(idurl), name)).toBe(idurl)
      }),
    )
  })
})
