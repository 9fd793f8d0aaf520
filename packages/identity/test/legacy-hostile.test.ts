import { generateKeyPairSync } from 'node:crypto'
import { utf8Encode } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { MAX_IDENTITY_BYTES, openLegacyIdentity, readLegacyKey, verifyIdentity } from '../src/index.ts'
import { type LegacyFields, legacyFields, legacyKey, legacyXml, modulusOf, type Written } from './legacy-signer.ts'

const plain = legacyXml()
const signature = /<signature>(\d+)</.exec(plain)?.[1] ?? ''

/** A change of the text, which must change something. */
function changed(from: string | RegExp, to: string): string {
  const text = plain.replace(from, to)
  expect(text).not.toBe(plain)
  return text
}

async function expectRead(xml: string | Uint8Array, fields: Partial<LegacyFields> = {}): Promise<void> {
  const bytes = typeof xml === 'string' ? utf8Encode(xml) : xml
  const { sources, contacts } = { ...legacyFields, ...fields }
  expect(await verifyIdentity(bytes)).toMatchObject({ scheme: 'legacy', valid: true, code: null, sources, contacts })
  const { revision, ...opened } = await openLegacyIdentity(bytes)
  expect({ ...opened, revision: String(revision) }).toMatchObject({ ...legacyFields, ...fields })
}

async function expectRefused(xml: string | Uint8Array, code: string): Promise<void> {
  const bytes = typeof xml === 'string' ? utf8Encode(xml) : xml
  expect(await verifyIdentity(bytes)).toMatchObject({ scheme: null, valid: false, code, fingerprint: null })
  await expect(openLegacyIdentity(bytes)).rejects.toMatchObject({ code })
}

describe('read to exactly the signed value', () => {
  test.each<[string, () => string]>([
    ['CRLF between elements', () => plain.replaceAll('\n', '\r\n')],
    ['values on lines of their own', () => plain.replaceAll(/>([^<>\s][^<>]*)<\//g, '>\r\n\t$1\n  </')],
    ['white space of other scripts round a value', () => legacyXml({}, { postage: '\u2003\u00a01\u0085' })],
    ['white space by reference round a value', () => legacyXml({}, { postage: '&#32;1&#x0a;' })],
    ['numeric references in a value', () => legacyXml({}, { date: 'Nov &#50;&#x31;, 2026' })],
    ['CDATA as a value', () => legacyXml({}, { postage: '<![CDATA[1]]>' })],
    ['CDATA in a value', () => legacyXml({}, { date: 'Nov <![CDATA[21, 20]]>26' })],
    ['comments round and in a value', () => legacyXml({}, { date: '<!-- a -->Nov <!-- b -->21, 2026<!-- c -->' })],
    ['a comment that holds an element', () => changed('<postage>', '<!-- <postage>7</postage> --><postage>')],
    ['comments before and after the root', () => `${changed('<identity>', '<!-- a --><identity>')}\n<!-- b -->`],
    ['a processing instruction', () => changed('<postage>', '<?x <postage>7</postage>?><postage>')],
    ['attributes', () => changed('<source>', '<source a="b>c" d=\'"\'>').replace('<identity>', '<identity xmlns="x">')],
    ['an unknown element', () => changed('<postage>', '<future><a>1<b/></a></future><postage>')],
    [
      'unknown elements with names of prototypes',
      () => changed('<postage>', '<__proto__>x</__proto__><constructor/><postage>'),
    ],
    ['an unknown item of a list', () => changed('<contacts>', '<contacts><kontact>x</kontact>')],
    ['empty items of lists', () => changed('<contacts>', '<contacts><contact/><contact> </contact>')],
    ['no declaration', () => changed(/^<\?xml.*\?>\n/, '')],
    [
      'a declaration in apostrophes, alone',
      () => changed(/^<\?xml.*\?>/, "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>"),
    ],
    ['white space before the declaration', () => ` \n${plain}`],
    ['a byte order mark', () => `\u{FEFF}${plain}`],
    ['another encoding, of which only ASCII is used', () => changed('utf-8', 'ISO-8859-1')],
    ['lists that are missing', () => changed('<certificates/>', '').replace(/<scrubbers>\s*<\/scrubbers>/, '')],
    ['a missing postage means 1', () => changed('<postage>1</postage>', '')],
    ['a missing version is empty', () => changed('<version></version>', '<version/>')],
    ['a missing revision means 0', () => changed('<revision>0</revision>', '')],
    ['an empty revision means 0', () => changed('<revision>0</revision>', '<revision> </revision>')],
    ['a key with a comment of several words', () => legacyXml({}, { publickey: `${legacyKey.line} alice at home` })],
    ['elements in the opposite order', () => reversed(plain)],
  ])('%s', async (_, xml) => {
    await expectRead(xml())
  })

  test.each<[string, string, string]>([
    ['every predefined entity', `a & b < c > d " e '`, 'a &amp; b &lt; c &gt; d &quot; e &apos;'],
    ['an entity that was escaped twice', '&lt;', '&amp;lt;'],
    ['an entity in CDATA is plain text', 'a&amp;b&#49;', '<![CDATA[a&amp;b&#49;]]>'],
    ['a tag in CDATA is plain text', '</version><a>', '<![CDATA[</version><a>]]>'],
    ['text of every script', 'Ünïcode 漢字 😀', 'Ünïcode 漢字 &#128512;'],
    ['line ends are one character', 'a\nb\nc\nd', 'a\r\nb\rc\nd'],
    ['a carriage return by reference stays', 'a\rb', 'a&#13;b'],
  ])('%s', async (_, version, written) => {
    await expectRead(legacyXml({ version }, { version: written }), { version })
  })

  test.each([1024, 1536, 2047, 3072])('a key of %i bits', async (bits) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
    const pem = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
    const { n = '' } = publicKey.export({ format: 'jwk' })
    const line = sshLine([Buffer.from([1, 0, 1]), mpint(Buffer.from(n, 'base64url'))])
    await expectRead(legacyXml({}, {}, { pem, line }))
    expect((await readLegacyKey(line)).bits).toBe(bits)
  })

  test('a signature with leading zero bytes is a shorter number', async () => {
    for (let round = 0; round < 2000; round++) {
      const version = `round ${round}`
      const xml = legacyXml({ version })
      const digits = /<signature>(\d+)</.exec(xml)?.[1] ?? ''
      if (BigInt(digits).toString(16).length > 510) continue
      await expectRead(xml, { version })
      return
    }
    throw new Error('no such signature in 2000 tries')
  })
})

describe('refused', () => {
  test.each<[string, () => string]>([
    ['DOCTYPE', () => changed('<identity>', '<!DOCTYPE identity><identity>')],
    [
      'an entity of its own',
      () => legacyXml({}, { postage: '&one;' }).replace('<identity>', '<!DOCTYPE i [<!ENTITY one "1">]><identity>'),
    ],
    ['an entity that nobody declared, even if signed as it stands', () => legacyXml({ version: '&foo;' })],
    ['a name of HTML', () => legacyXml({ version: '©' }, { version: '&copy;' })],
    ['a bare ampersand', () => legacyXml({ version: 'a & b' })],
    ['a reference to nothing', () => legacyXml({ version: 'a\0' }, { version: 'a&#0;' })],
    ['a reference to half a character', () => legacyXml({}, { version: '&#xD800;' })],
    ['a reference beyond Unicode', () => legacyXml({}, { version: '&#x110000;' })],
    ['a reference in Arabic digits', () => legacyXml({}, { postage: '&#٤٩;' })],
    ['a control character, even if signed', () => legacyXml({ version: 'a\u0001b' })],
    [']]> in a text', () => legacyXml({ version: 'a]]>b' })],
    ['-- in a comment', () => changed('<postage>', '<!-- a -- b --><postage>')],
    ['a comment without end', () => changed('<postage>', '<!-- <postage>')],
    ['a CDATA section without end', () => legacyXml({}, { signature: '<![CDATA[' })],
    ['a second declaration', () => changed('<identity>', '<?xml version="1.0"?><identity>')],
    ['XML 1.1', () => changed('version="1.0"', 'version="1.1"')],
    ['UTF-16 by name', () => changed('utf-8', 'utf-16')],
    ['UTF-7 by name', () => changed('utf-8', 'utf-7')],
    ['another encoding than its own', () => legacyXml({ version: 'ü' }).replace('utf-8', 'iso-8859-1')],
    ['an attribute twice', () => changed('<source>', '<source a="1" a="2">')],
    ['an attribute with an unknown entity', () => changed('<source>', '<source a="&b;">')],
    ['an attribute without quotes', () => changed('<source>', '<source a=b>')],
    ['an element twice', () => changed('<postage>1</postage>', '<postage>1</postage><postage>1</postage>')],
    ['a list twice', () => changed('<contacts>', '<sources/><contacts>')],
    ['an element in a value', () => legacyXml({}, { postage: '1<b>2</b>' })],
    ['an element in an item', () => changed(/<source>(.*?)<\/source>/, '<source><b>$1</b></source>')],
    ['the root inside another', () => `<x>${changed(/^<\?xml.*\?>\n/, '')}</x>`],
    ['the root with a prefix', () => plain.replaceAll('identity>', 'a:identity>')],
    ['two roots', () => `${plain}<identity/>`],
    ['text behind the root', () => `${plain}x`],
    ['an open tag', () => changed('</postage>', '')],
    ['crossed tags', () => changed('</postage>\n  <date>', '<date></postage>')],
    ['depth', () => changed('<postage>', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}<postage>`)],
    ['an upper-case name', () => plain.replaceAll('alice.xml', 'Alice.xml')],
    ['credentials in a source', () => legacyXml({ sources: ['http://a:b@first.id.example/alice.xml'] })],
    ['a source with a query', () => legacyXml({ sources: ['http://first.id.example/alice.xml?a.xml'] })],
    ['a source on another path', () => legacyXml({ sources: ['http://first.id.example#/alice.xml'] })],
    ['a source that is no web address', () => legacyXml({ sources: ['file:///alice.xml'] })],
    [
      'a source with a character that turns the text round',
      () => legacyXml({ sources: ['http://a\u202eb/alice.xml'] }),
    ],
    ['seven sources', () => legacyXml({ sources: [1, 2, 3, 4, 5, 6, 7].map((n) => `http://s${n}.example/alice.xml`) })],
    ['no source', () => legacyXml({ sources: [] })],
    ['no key', () => changed(/<publickey>.*<\/publickey>/, '')],
    ['no signature', () => changed(/<signature>.*<\/signature>/, '')],
    ['a key on two lines', () => legacyXml({}, { publickey: legacyKey.line.replace(/(.{70})/, '$1\n') })],
    ['a key with bytes left over', () => legacyXml({}, { publickey: `${legacyKey.line.slice(0, -3)}AAAA` })],
    ['64 KiB + 1', () => plain + ' '.repeat(MAX_IDENTITY_BYTES + 1 - plain.length)],
  ])('%s', async (_, xml) => {
    await expectRefused(xml(), 'IdentityMalformed')
  })

  test.each<[string, Written, Partial<LegacyFields>?]>([
    ['leading zero', { signature: `0${signature}` }],
    ['plus', { signature: `+${signature}` }],
    ['minus', { signature: `-${signature}` }],
    ['underscores', { signature: signature.replace(/(\d{3})/, '$1_') }],
    ['a fraction', { signature: `${signature}.0` }],
    ['an exponent', { signature: '1e616' }],
    ['hexadecimal', { signature: `0x${BigInt(signature).toString(16)}` }],
    ['Arabic digits', { signature: signature.replaceAll('1', '١') }],
    ['wide digits', { signature: signature.replace('1', '１') }],
    ['two numbers', { signature: `${signature}\n5` }],
    ['a comment that splits it with a space', { signature: `${signature}<!-- --> 5` }],
    ['sixty thousand digits', { signature: '9'.repeat(60_000) }],
    ['zero', { signature: '0' }],
    ['nothing', { signature: '' }],
    ['the modulus', { signature: modulusOf(legacyKey.pem).toString() }],
    ['the same plus the modulus', { signature: (BigInt(signature) + modulusOf(legacyKey.pem)).toString() }],
    ['revision +1', {}, { revision: '+1' }],
    ['revision 01', {}, { revision: '01' }],
    ['revision 01 for 1', { revision: '01' }, { revision: '1' }],
    ['revision -0', {}, { revision: '-0' }],
    ['revision 1.0', {}, { revision: '1.0' }],
    ['revision in Arabic digits', {}, { revision: '١' }],
    ['revision of 20 digits', {}, { revision: '12345678901234567890' }],
  ])('T08 number: %s', async (_, written, fields = {}) => {
    await expectRefused(legacyXml(fields, written), 'IdentityMalformed')
  })

  test.each<[string, () => string]>([
    ['one below the modulus', () => legacyXml({}, { signature: (modulusOf(legacyKey.pem) - 1n).toString() })],
    ['one', () => legacyXml({}, { signature: '1' })],
    ['text that CDATA adds', () => legacyXml({}, { date: 'Nov 21, 2026<![CDATA[ x]]>' })],
    ['text that a comment splits', () => legacyXml({ version: 'ab' }, { version: 'ab<!-- -->c' })],
    ['a byte order mark in a value', () => legacyXml({}, { postage: '\u{FEFF}1' })],
    ['an entity decoded once too often', () => legacyXml({ version: '<' }, { version: '&amp;lt;' })],
    ['an empty postage, which is not 1', () => legacyXml({}, { postage: '' })],
  ])('the signature does not hold: %s', async (_, xml) => {
    await expectRefused(xml(), 'IdentitySignatureInvalid')
  })

  test('UTF-16 and Latin-1 bytes', async () => {
    await expectRefused(Buffer.from(`\u{FEFF}${plain.replace('utf-8', 'utf-16')}`, 'utf16le'), 'IdentityMalformed')
    await expectRefused(Buffer.from(legacyXml({ version: 'ü' }), 'latin1'), 'IdentityMalformed')
  })
})

describe('T07 keys of the original', () => {
  const modulus = mpint(Buffer.from(modulusOf(legacyKey.pem).toString(16), 'hex'))
  const exponent = Buffer.from([1, 0, 1])
  test('the same parts are accepted', async () => {
    expect((await readLegacyKey(sshLine([exponent, modulus]))).bits).toBe(2048)
  })
  test.each<[string, string]>([
    ['exponent 3', sshLine([Buffer.from([3]), modulus])],
    ['exponent 1', sshLine([Buffer.from([1]), modulus])],
    ['exponent 65536', sshLine([Buffer.from([1, 0, 0]), modulus])],
    ['an even modulus', sshLine([exponent, Buffer.concat([modulus.subarray(0, -1), Buffer.from([2])])])],
    ['1023 bits', sshLine([exponent, Buffer.concat([Buffer.from([0x7f]), Buffer.alloc(127, 0xff)])])],
    ['4104 bits', sshLine([exponent, mpint(Buffer.alloc(513, 0xff))])],
    ['a negative modulus', sshLine([exponent, modulus.subarray(1)])],
    ['a modulus with two zeros in front', sshLine([exponent, Buffer.concat([Buffer.from([0]), modulus])])],
    ['an empty modulus', sshLine([exponent, Buffer.alloc(0)])],
    ['a third number', sshLine([exponent, modulus, Buffer.from([1])])],
    ['one number', sshLine([exponent])],
    ['another kind', sshLine([exponent, modulus], 'ssh-dss')],
    ['a kind that is no text', sshLine([exponent, modulus], Buffer.from([0xff, 0xfe]))],
    ['a length beyond the end', `ssh-rsa ${Buffer.from([0xff, 0xff, 0xff, 0xff]).toString('base64')}`],
    ['half a length', `ssh-rsa ${Buffer.from([0, 0]).toString('base64')}`],
    ['two blanks', legacyKey.line.replace(' ', '  ')],
    ['a tab for a blank', legacyKey.line.replace(' ', '\t')],
    ['no padding', sshLine([exponent, Buffer.concat([modulus, Buffer.from([1, 1])])]).replace(/=+$/, '')],
    ['a comment on a line of its own', `${legacyKey.line} a\nb`],
    ['nothing', ''],
  ])('%s', async (_, line) => {
    await expect(readLegacyKey(line)).rejects.toMatchObject({ name: 'IdentityError', code: 'KeyMalformed' })
  })
})

function sshLine(numbers: readonly Buffer[], kind: string | Buffer = 'ssh-rsa'): string {
  const fields = [Buffer.from(kind as string), ...numbers].map((field) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(field.length)
    return Buffer.concat([length, field])
  })
  return `ssh-rsa ${Buffer.concat(fields).toString('base64')}`
}

function mpint(magnitude: Buffer): Buffer {
  return (magnitude[0] ?? 0) < 0x80 ? magnitude : Buffer.concat([Buffer.from([0]), magnitude])
}

function reversed(xml: string): string {
  const names = [
    'sources',
    'contacts',
    'certificates',
    'scrubbers',
    'postage',
    'date',
    'version',
    'revision',
    'publickey',
    'signature',
  ]
  const elements = names.map((name) => new RegExp(`<${name}(?:/>|>[^]*?</${name}>)`).exec(xml)?.[0] ?? '')
  return `<identity>${elements.reverse().join('')}</identity>`
}
