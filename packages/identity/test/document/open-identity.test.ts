import { readFile } from 'node:fs/promises'
import { toHex, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readXml } from '../../src/document/read-xml.ts'
import { signedMessage } from '../../src/document/signed-message.ts'
import {
  formatIdentityDate,
  MAX_IDENTITY_BYTES,
  openIdentity,
  type SignedIdentity,
  signIdentity,
} from '../../src/index.ts'
import { codeOf, expectCode } from '../expect-code.ts'
import { identityFields } from '../identity-fields.ts'
import { aliceKey, bobKey, largeKey, malloryKey } from '../test-keys.ts'

let alice: SignedIdentity
let xml: string

beforeAll(async () => {
  alice = await signIdentity(
    identityFields({ certificates: ['Q0VSVA=='], scrubbers: ['http://s.com/bob.xml'] }),
    aliceKey,
  )
  xml = utf8Decode(alice.bytes)
})

/** Opens the document after a change of its text. */
function openChanged(change: (text: string) => string) {
  const changed = change(xml)
  expect(changed).not.toBe(xml)
  return openIdentity(utf8Encode(changed))
}

/** What a document says, without its form. */
function values({ bytes: _, publicKey, ...rest }: SignedIdentity['document']) {
  return { ...rest, spki: [...publicKey.spki] }
}

describe('identity document', () => {
  test('law: open undoes sign, for any texts and every key size', async () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .map((text) => text.replaceAll(/[\p{Cc}\u{FEFF}\u{FFFE}\u{FFFF}]/gu, '').replaceAll(/^ +| +$/g, ''))
      .filter((text) => text !== '' && text.isWellFormed())
    const fields = fc.record({
      contacts: fc.array(line, { maxLength: 16 }),
      certificates: fc.array(line, { maxLength: 4 }),
      scrubbers: fc.array(line, { maxLength: 8 }),
      postage: line,
      date: line,
      version: fc.oneof(line, fc.constant('')),
      revision: fc.maxSafeNat(),
    })
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom(aliceKey, bobKey, largeKey), async (changes, key) => {
        const expected = identityFields(changes)
        const { bytes } = await signIdentity(expected, key)
        const { publicKey, fingerprint, signature, bytes: opened, ...read } = await openIdentity(bytes)
        expect(read).toEqual(expected)
        expect([publicKey.fingerprint, fingerprint]).toEqual([key.publicKey.fingerprint, key.publicKey.fingerprint])
        expect(signature).toMatch(/^[1-9][0-9]*$/)
        expect(opened).toEqual(bytes)
      }),
      { numRuns: 60 },
    )
  })

  test('elements are written in the order of the documents', () => {
    const names = [...xml.matchAll(/^ {2}<([a-z]+)/gm)].map(([, name]) => name)
    expect(names).toEqual([
      'contacts',
      'sources',
      'certificates',
      'scrubbers',
      'postage',
      'date',
      'version',
      'revision',
      'publickey',
      'signature',
    ])
  })

  test('elements are read in any order, with any layout', async () => {
    const [head = '', ...elements] = xml
      .trim()
      .split(/(?=^ {2}<(?:contacts|sources|certificates|scrubbers|postage|date|version|revision|publickey|signature))/m)
    const last = elements.pop()?.replace('\n</identity>', '') ?? ''
    const shuffled = `${head}${[last, ...elements.reverse()].join('\r\n\t ')}</identity>`
    const opened = await openIdentity(utf8Encode(shuffled))
    expect(values(opened)).toEqual(values(alice.document))
  })

  test('the document of the documents, completed', async () => {
    const vector = JSON.parse(await readFile(new URL('../vectors/identity-document-v1.json', import.meta.url), 'utf8'))
    const document = await openIdentity(utf8Encode(vector.xml))
    expect(document).toMatchObject({
      contacts: ['tcp://123.45.67.89:7771', 'udp://alice@first-machine.com'],
      sources: ['http://first-machine.com/alice.xml', 'http://server-two.net/alice.xml'],
      certificates: [],
      scrubbers: [],
      postage: '1',
      date: 'Sat Dec 13 14:08:36 2014',
      version: 'sources Linux-3.11.0-15-generic-i686-with-Ubuntu-12.04-precise',
      revision: 0,
      fingerprint: vector.fingerprint,
    })
    const { children } = readXml(utf8Encode(vector.xml))
    expect(toHex(signedMessage((name) => children.find((child) => child.name === name)))).toBe(vector.messageHex)
  })

  test('the date of the documents', () => {
    expect(formatIdentityDate(Date.UTC(2014, 11, 13, 14, 8, 36))).toBe('Sat Dec 13 14:08:36 2014')
    expect(formatIdentityDate(Date.UTC(2026, 0, 1))).toBe('Thu Jan 01 00:00:00 2026')
  })

  test('fields that a reader would refuse are not signed', async () => {
    const wrong = [
      identityFields({ sources: [] }),
      identityFields({ sources: ['http://a.com/alice.xml', 'http://a.com/alice.xml'] }),
      identityFields({ sources: ['http://a.com/alice.xml', 'http://b.com/bob.xml'] }),
      identityFields({ sources: [1, 2, 3, 4, 5, 6, 7].map((n) => `http://s${n}.com/alice.xml`) }),
      identityFields({ contacts: new Array(17).fill('tcp://123.45.67.89:1') }),
      identityFields({ contacts: [''] }),
      identityFields({ contacts: ['a\nb'] }),
      identityFields({ contacts: ['a\0b'] }),
      identityFields({ certificates: ['a'.repeat(4097)] }),
      identityFields({ revision: -1 }),
      identityFields({ revision: 1.5 }),
      identityFields({ revision: 2 ** 53 }),
      identityFields({ version: 'a'.repeat(257) }),
    ]
    for (const fields of wrong) await expectCode('IdentityMalformed', () => signIdentity(fields, aliceKey))
  })

  test('T01 flip-all: a changed bit is refused, unless it changes the layout only', { timeout: 60_000 }, async () => {
    const small = await signIdentity(
      identityFields({ contacts: ['a'], sources: ['http://h.com/alice.xml'], version: '' }),
      aliceKey,
    )
    const counts = { refused: 0, layout: 0 }
    for (const { bytes, index, bit } of flipBits(small.bytes)) {
      const code = await codeOf(async () => {
        const opened = await openIdentity(bytes)
        expect(values(opened), `byte ${index} bit ${bit}`).toEqual(values(small.document))
      })
      if (code === undefined) counts.layout += 1
      else {
        expect(['IdentityMalformed', 'IdentitySignatureInvalid']).toContain(code)
        counts.refused += 1
      }
    }
    // White space, and letters of the XML declaration in the other case.
    expect(counts.layout).toBeLessThan(200)
    expect(counts.refused).toBeGreaterThan(7 * small.bytes.length)
  })

  test('T01 every element is under the signature', async () => {
    const changes: ((text: string) => string)[] = [
      (text) => text.replace('tcp://123', 'tcp://124'),
      (text) => text.replace(/<contact>udp.*<\/contact>/, ''),
      (text) => text.replace('server-two.net', 'server-six.net'),
      (text) => text.replace('Q0VSVA==', 'Q0VSVB=='),
      (text) => text.replace(/<certificates>.*<\/certificates>/s, '<certificates/>'),
      (text) => text.replace('http://s.com', 'http://t.com'),
      (text) => text.replace('<postage>1<', '<postage>2<'),
      (text) => text.replace('2014', '2015'),
      (text) => text.replace('Linux', 'linux'),
      (text) => text.replace('<revision>1<', '<revision>2<'),
      (text) => text.replace('<revision>1</revision>', ''),
      (text) => text.replace('</publickey>', ' comment</publickey>'),
      (text) => text.replace(aliceKey.publicKey.toOpenSsh(), malloryKey.publicKey.toOpenSsh()),
    ]
    for (const change of changes) await expectCode('IdentitySignatureInvalid', () => openChanged(change))
  })

  test.each([
    ['DOCTYPE', (text: string) => text.replace('<identity>', '<!DOCTYPE identity><identity>')],
    [
      'billion laughs',
      (text: string) =>
        text
          .replace(
            '<identity>',
            '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><identity>',
          )
          .replace('<postage>1<', '<postage>&b;<'),
    ],
    [
      'external file',
      (text: string) => text.replace('<identity>', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><identity>'),
    ],
    [
      'external URL',
      (text: string) => text.replace('<identity>', '<!DOCTYPE x SYSTEM "http://mallory.com/x.dtd"><identity>'),
    ],
    ['undeclared entity', (text: string) => text.replace('<postage>1<', '<postage>&a;<')],
    ['numeric entity', (text: string) => text.replace('<postage>1<', '<postage>&#49;<')],
    ['hexadecimal entity', (text: string) => text.replace('<postage>1<', '<postage>&#x31;<')],
    ['bare ampersand', (text: string) => text.replace('<postage>1<', '<postage>&<')],
    ['comment', (text: string) => text.replace('<postage>', '<!-- --><postage>')],
    ['CDATA', (text: string) => text.replace('<postage>1<', '<postage><![CDATA[1]]><')],
    ['processing instruction', (text: string) => text.replace('<postage>', '<?php x ?><postage>')],
    ['second declaration', (text: string) => text.replace('<identity>', '<?xml version="1.0"?><identity>')],
    ['other version of XML', (text: string) => text.replace('version="1.0"', 'version="1.1"')],
    ['other encoding', (text: string) => text.replace('utf-8', 'utf-16')],
  ])('T02 %s: refused before anything is expanded or opened', async (_name, change) => {
    await expectCode('IdentityMalformed', () => openChanged(change))
  })

  test('T02 text is UTF-8 without a byte order mark or control characters', async () => {
    await expectCode('IdentityMalformed', () => openIdentity(Uint8Array.of(...alice.bytes, 0xff)))
    await expectCode('IdentityMalformed', () => openChanged((text) => `\u{FEFF}${text}`))
    await expectCode('IdentityMalformed', () => openChanged((text) => text.replace('<postage>1', '<postage>1\u0000')))
    await expectCode('IdentityMalformed', () => openChanged((text) => text.replace('<postage>1', '<postage>1\u0085')))
    await expectCode('IdentityMalformed', () => openIdentity(utf8Encode(xml).slice(0, -3)))
    await expectCode('IdentityMalformed', () => openIdentity(new Uint8Array()))
  })

  test.each<[string, (text: string) => string, RegExp]>([
    ['64 KiB + 1', (text) => text + ' '.repeat(MAX_IDENTITY_BYTES + 1 - text.length), /65537 bytes/],
    ['depth 5', (text) => text.replace('<postage>1', '<postage><a><b><c/></b></a>'), /deeper than 4/],
    ['depth 4', (text) => text.replace('<postage>1', '<postage><a><b/></a>'), /postage/],
    [
      '65 elements',
      (text) => text.replace('</contacts>', `${'<contact>a</contact>'.repeat(65)}</contacts>`),
      /more than 64 elements/,
    ],
    [
      '17 contacts',
      (text) => text.replace('</contacts>', `${'<contact>a</contact>'.repeat(15)}</contacts>`),
      /17 items/,
    ],
    ['two keys', (text) => text.replace(/(<publickey>.*<\/publickey>)/, '$1$1'), /<publickey> appears twice/],
    [
      'unknown element',
      (text) => text.replace('<postage>', '<nickname>a</nickname><postage>'),
      /unknown element <nickname>/,
    ],
    [
      'prototype',
      (text) => text.replace('<postage>', '<constructor>a</constructor><postage>'),
      /unknown element|well-formed/,
    ],
    ['attribute', (text) => text.replace('<source>', '<source rel="a">'), /attributes/],
    ['attribute of the root', (text) => text.replace('<identity>', '<identity xmlns="a">'), /attributes/],
    ['namespace', (text) => text.replace('<postage>1</postage>', '<a:postage>1</a:postage>'), /namespace/],
    ['missing element', (text) => text.replace('<postage>1</postage>', ''), /<postage> is missing/],
    ['other root', (text) => text.replaceAll('identity>', 'person>'), /root element is <person>/],
    ['two roots', (text) => `${text}<identity/>`, /well-formed|root/],
    ['text behind the root', (text) => `${text}a`, /well-formed|root/],
    ['text before the root', (text) => text.replace('<identity>', 'a<identity>'), /well-formed|root/],
    ['text in a list', (text) => text.replace('<contacts>', '<contacts>a'), /mixes|text/],
    [
      'empty item',
      (text) => text.replace('<contact>tcp://123.45.67.89:7771</contact>', '<contact/>'),
      /<contacts> holds/,
    ],
    [
      'wrong item',
      (text) => text.replace('<contact>tcp://123.45.67.89:7771</contact>', '<source>a</source>'),
      /<contacts> holds/,
    ],
    ['unclosed', (text) => text.replace('</postage>', ''), /well-formed/],
    ['two lines', (text) => text.replace('tcp://123', 'tcp:\n//123'), /more than one line/],
    ['revision 01', (text) => text.replace('<revision>1<', '<revision>01<'), /revision/],
    ['revision -1', (text) => text.replace('<revision>1<', '<revision>-1<'), /revision/],
    ['revision 2^53', (text) => text.replace('<revision>1<', '<revision>9007199254740992<'), /revision/],
    ['empty revision', (text) => text.replace('<revision>1</revision>', '<revision/>'), /revision/],
    ['key in PEM', (text) => text.replace(/<publickey>.*</, '<publickey>-----BEGIN PUBLIC KEY-----<'), /ssh-rsa/],
    ['broken key', (text) => text.replace('ssh-rsa AAAA', 'ssh-rsa BAAA'), /public key/],
    ['one source twice', (text) => text.replace('server-two.net', 'FIRST-machine.com:80'), /twice/],
    ['names differ', (text) => text.replace('server-two.net/alice', 'server-two.net/bob'), /another name/],
    ['private source', (text) => text.replace('server-two.net', '10.0.0.1'), /not an acceptable IDURL/],
  ])('T03 %s', async (_name, change, rule) => {
    const refused = openChanged(change)
    await expect(refused).rejects.toMatchObject({ code: 'IdentityMalformed', message: expect.stringMatching(rule) })
  })

  test('T03 64 KiB are read', async () => {
    const padded = xml + ' '.repeat(MAX_IDENTITY_BYTES - xml.length)
    expect(values(await openIdentity(utf8Encode(padded)))).toEqual(values(alice.document))
  })

  test('T04 bytes moved between neighbours: the signature does not hold', async () => {
    const joined = await signIdentity(
      identityFields({ contacts: ['a-b'], postage: '1', date: '2', version: '' }),
      aliceKey,
    )
    const text = utf8Decode(joined.bytes)
    const moved = [
      text.replace('<contact>a-b</contact>', '<contact>a</contact><contact>b</contact>'),
      text.replace('<contact>a-b</contact>', '<contact>ab</contact>'),
      text.replace('<postage>1</postage>', '<postage>12</postage>').replace('<date>2</date>', '<date/>'),
      text.replace('<date>2</date>', '<date/>').replace('<version/>', '<version>2</version>'),
      text
        .replace(/<contact>a-b<\/contact>\s*<\/contacts>/, '</contacts>')
        .replace('<scrubbers/>', '<scrubbers><scrubber>a-b</scrubber></scrubbers>'),
    ]
    for (const changed of moved) {
      expect(changed).not.toBe(text)
      await expectCode('IdentitySignatureInvalid', () => openIdentity(utf8Encode(changed)))
    }
  })

  test.each<[string, (digits: string) => string]>([
    ['leading zero', (digits) => `0${digits}`],
    ['plus', (digits) => `+${digits}`],
    ['minus', (digits) => `-${digits}`],
    ['hexadecimal', (digits) => `0x${BigInt(digits).toString(16)}`],
    ['exponent', (digits) => `${digits}e0`],
    ['point', (digits) => `${digits}.0`],
    ['separator', (digits) => `${digits.slice(0, 3)}_${digits.slice(3)}`],
    ['other digits', (digits) => digits.replace(/\d/, '\u0661')],
    ['1235 digits', () => '1'.repeat(1235)],
    ['60 000 digits', () => '1'.repeat(60_000)],
    ['zero', () => '0'],
    ['empty', () => ''],
  ])('T08 signature with %s', async (_name, change) => {
    const text = xml.replace(/<signature>(\d+)</, (_match, digits: string) => `<signature>${change(digits)}<`)
    await expectCode('IdentityMalformed', () => openIdentity(utf8Encode(text)))
  })

  test('T08 one megabyte of digits is refused by its length', async () => {
    await expectCode('IdentityMalformed', () =>
      openIdentity(utf8Encode(xml.replace(/<signature>\d+/, `<signature>${'1'.repeat(2 ** 20)}`))),
    )
  })

  test('T08 the same signature plus the modulus, and the modulus itself', async () => {
    const { spki } = aliceKey.publicKey
    const modulus = BigInt(`0x${Buffer.from(spki.subarray(-261, -5)).toString('hex')}`)
    for (const number of [BigInt(alice.document.signature) + modulus, modulus]) {
      await expectCode('IdentityMalformed', () =>
        openIdentity(utf8Encode(xml.replace(/<signature>\d+/, `<signature>${number}`))),
      )
    }
    await expectCode('IdentitySignatureInvalid', () =>
      openIdentity(utf8Encode(xml.replace(/<signature>\d+/, `<signature>${modulus - 1n}`))),
    )
    await expectCode('IdentitySignatureInvalid', () =>
      openIdentity(utf8Encode(xml.replace(/<signature>\d+/, '<signature>1'))),
    )
  })

  test('fuzz: any bytes, and any splice of a document, are refused with a named error', async () => {
    const splice = fc.record({
      from: fc.nat(xml.length),
      size: fc.nat(40),
      text: fc.oneof(fc.string(), fc.constantFrom('<', '</', '&', '<!', '<a>', ']]>')),
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(splice, fc.uint8Array({ maxLength: 200 })), async (input) => {
        const bytes =
          input instanceof Uint8Array
            ? input
            : utf8Encode(xml.slice(0, input.from) + input.text.toWellFormed() + xml.slice(input.from + input.size))
        const code = await codeOf(async () => expect(values(await openIdentity(bytes))).toEqual(values(alice.document)))
        expect([undefined, 'IdentityMalformed', 'IdentitySignatureInvalid']).toContain(code)
      }),
      { numRuns: 500 },
    )
  })
})
