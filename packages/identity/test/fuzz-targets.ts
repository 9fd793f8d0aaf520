import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deviceKeyFromSeed } from '@bitdust/crypto'
import type { FuzzTarget } from '@bitdust/testing'
import { decodeBase58, encodeBase58 } from '../src/base58.ts'
import { formatSignature, parseSignature } from '../src/document/decimal-signature.ts'
import { readXml } from '../src/document/read-xml.ts'
import { writeXml } from '../src/document/write-xml.ts'
import {
  canonicalGlobalId,
  checkPath,
  contactToMultiaddr,
  deviceOfPeerId,
  formatContact,
  formatGlobalId,
  formatIdurl,
  formatKeyId,
  formatUser,
  formatVersion,
  type GlobalId,
  idurlParts,
  multiaddrToContact,
  openCertificate,
  openIdentity,
  openLegacyIdentity,
  parseContact,
  parseGlobalId,
  parseIdServer,
  parseIdurl,
  parseKeyId,
  parseUser,
  parseVersion,
  peerIdOfDevice,
  readLegacyKey,
  signCertificate,
  signIdentity,
  userToIdurl,
  verifyIdentity,
} from '../src/index.ts'
import { readLegacyXml } from '../src/legacy/read-legacy-xml.ts'
import { identityFields } from './identity-fields.ts'
import { legacyKey, legacyXml } from './legacy-signer.ts'
import { aliceKey } from './test-keys.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const vector = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/identity-document-v1.json'), 'utf8')) as {
  readonly xml: string
}
const device = await deviceKeyFromSeed(new Uint8Array(32).fill(7))
const peerId = peerIdOfDevice(device.publicKey.bytes)
const certificate = await signCertificate(
  { device: device.publicKey, label: 'laptop', created: 1, expires: 2, encryptionKey: aliceKey.publicKey },
  aliceKey,
)
const modern = (await signIdentity(identityFields({ certificates: [certificate], version: 'a & b < c' }), aliceKey))
  .bytes
const legacy = legacyXml({ version: 'a & b' }, { version: 'a &amp; <![CDATA[b]]><!-- c -->' })

const DOCUMENT = { IdentityError: ['IdentityMalformed', 'IdentitySignatureInvalid'] }
const MALFORMED = { IdentityError: ['IdentityMalformed'] }
const UNSAFE = { IdentityError: ['PathUnsafe'] }
const FORBIDDEN = { IdentityError: ['IdurlForbidden'] }
const XML_TOKENS = [
  '<?xml version="1.0" encoding="utf-8"?>',
  '<!DOCTYPE i [<!ENTITY a "b">]>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?a ?>',
  '&amp;',
  '&lt;',
  '&#49;',
  '&#x31;',
  '&a;',
  '<a>',
  '</a>',
  '<a/>',
  ' a="b"',
  '<contact>tcp://1.2.3.4:5</contact>',
  '<source>http://a.com/alice.xml</source>',
  '<revision>1</revision>',
  '<postage>',
  '</identity>',
  'ssh-rsa ',
]
const NAME_TOKENS = [
  'http://',
  'https://',
  'first-machine.com',
  '123.45.67.89',
  '[::1]',
  '[2606:4700::1111]',
  '127.1',
  '0x7f.1',
  'xn--tst-qla.de',
  'localhost',
  ':80',
  ':443',
  '_80',
  '_8000',
  '.xml',
  'alice',
  'master$',
  'group_abc$',
  '%2e%2e',
  '..',
  '#F20160313043757PM',
  '#F20160313043757PM-2',
  'tcp://',
  'udp://',
  'proxy://',
  '/ip4/',
  '/tcp/',
  '/ws',
  '/quic-v1',
  '/p2p/',
  '/p2p-circuit',
  peerId,
]
const IDURLS = [
  'http://first-machine.com/alice.xml',
  'HTTPS://First-Machine.com:443/id.xml',
  'http://123.45.67.89:8000/bob_-9.xml',
  'http://[2606:4700::1111]:99/carol.xml',
]
const CONTACTS = [
  'tcp://123.45.67.89:7771',
  'udp://alice@first-machine.com',
  'udp://bob@123.45.67.89:8000',
  `http://${peerId}@[2606:4700::1111]:80`,
  `proxy://${peerId}@first-machine.com:1/${peerId}`,
]

function text<T>(target: FuzzTarget<string, T>): FuzzTarget {
  return target as FuzzTarget
}

function binary<T>(target: FuzzTarget<Uint8Array, T>): FuzzTarget {
  return target as FuzzTarget
}

/** The parsers of this package. */
export const targets: readonly FuzzTarget[] = [
  binary({
    name: 'identity',
    seeds: [modern, bytes(vector.xml)],
    tokens: XML_TOKENS,
    async parse(input) {
      const { publicKey: _, ...document } = await openIdentity(input)
      return document
    },
    format: (document) => document.bytes,
    errors: DOCUMENT,
  }),
  binary({
    name: 'identity-xml',
    seeds: [modern, bytes(vector.xml)],
    tokens: XML_TOKENS,
    parse: readXml,
    format: writeXml,
    errors: MALFORMED,
  }),
  binary({
    name: 'legacy-identity',
    seeds: [bytes(legacy)],
    tokens: XML_TOKENS,
    parse: openLegacyIdentity,
    errors: DOCUMENT,
  }),
  binary({ name: 'legacy-xml', seeds: [bytes(legacy)], tokens: XML_TOKENS, parse: readLegacyXml, errors: MALFORMED }),
  binary({
    name: 'verdict',
    seeds: [modern, bytes(vector.xml), bytes(legacy)],
    tokens: XML_TOKENS,
    parse: (input) => verifyIdentity(input),
    errors: {},
  }),
  text({
    name: 'legacy-key',
    seeds: [legacyKey.line, `${legacyKey.line} alice at home`],
    tokens: ['ssh-rsa ', 'AAAA', 'AQAB', '=', 'AAAAB3NzaC1yc2E'],
    parse: readLegacyKey,
    errors: { IdentityError: ['KeyMalformed'] },
  }),
  text({
    name: 'signature',
    seeds: ['1', '12345678901234567890', '9'.repeat(616)],
    tokens: ['0', '00', '+', '-', '0x', 'e9', '\u0661', '9'.repeat(600)],
    parse: (input) => parseSignature(input, aliceKey.publicKey),
    format: formatSignature,
    errors: MALFORMED,
  }),
  text({
    name: 'certificate',
    seeds: [certificate],
    tokens: ['AAAA', '=', 'gw', 'gl'],
    async parse(input) {
      const { deviceKey: _, encryptionKey: __, ...read } = await openCertificate(input, aliceKey.publicKey)
      return read
    },
    format: (read) => read.text,
    errors: { IdentityError: ['RecordInvalid', 'VersionUnsupported', 'IdentitySignatureInvalid'] },
  }),
  text({
    name: 'idurl',
    seeds: IDURLS,
    tokens: NAME_TOKENS,
    parse: (input) => idurlParts(parseIdurl(input)),
    format: formatIdurl,
    errors: FORBIDDEN,
  }),
  text({
    name: 'id-server',
    seeds: ['first-machine.com:8084', 'https://123.45.67.89/', 'http://[2606:4700::1111]'],
    tokens: NAME_TOKENS,
    parse: (input) => parseIdServer(input),
    format: (server) => server,
    errors: FORBIDDEN,
  }),
  text<GlobalId>({
    name: 'global-id',
    seeds: [
      'group_abc$alice@first-machine.com:animals/cat.png#F20160313043757PM',
      'key_xyz$bob@123.45.67.89_8000:cars/citroen.png#F20160313052124PM',
      'alice@[2606:4700::1111]_99',
      'group_abc$:a/b#',
      'a#F20160313043757PM#',
      ':x@y',
    ],
    tokens: NAME_TOKENS,
    parse: parseGlobalId,
    format: formatGlobalId,
    errors: UNSAFE,
  }),
  text({
    name: 'canonical-global-id',
    seeds: ['master$alice@First-Machine.com_80:a#F20160313043757PM', 'group_abc$', 'a'],
    tokens: NAME_TOKENS,
    parse: (input) => canonicalGlobalId(input),
    format: (id) => id,
    errors: UNSAFE,
  }),
  text({
    name: 'key-id',
    seeds: ['group_abc$alice@first-machine.com', 'bob@123.45.67.89_8000'],
    tokens: NAME_TOKENS,
    parse: parseKeyId,
    format: formatKeyId,
    errors: UNSAFE,
  }),
  text({
    name: 'user',
    seeds: ['alice@first-machine.com', 'bob@123.45.67.89_8000', 'carol@[2606:4700::1111]_443'],
    tokens: NAME_TOKENS,
    parse: parseUser,
    format: formatUser,
    errors: UNSAFE,
  }),
  text({
    name: 'user-to-idurl',
    seeds: ['alice@first-machine.com', 'bob@123.45.67.89_8000', 'carol@a.com_443'],
    tokens: NAME_TOKENS,
    parse: (input) => userToIdurl(input),
    errors: { IdentityError: ['PathUnsafe', 'IdurlForbidden'] },
  }),
  text({
    name: 'path',
    seeds: ['animals/cat.png', 'a/b/c'],
    tokens: NAME_TOKENS,
    parse: checkPath,
    format: (path) => path,
    errors: UNSAFE,
  }),
  text({
    name: 'version',
    seeds: ['F20160313043757PM', 'F20161231120000AM-2'],
    tokens: ['AM', 'PM', '-1', '-02', '00', '13', '29', '31', 'F'],
    parse: parseVersion,
    format: ({ time, copy }) => formatVersion(time, copy),
    errors: UNSAFE,
  }),
  text({
    name: 'contact',
    seeds: CONTACTS,
    tokens: NAME_TOKENS,
    parse: (input) => parseContact(input),
    format: formatContact,
    errors: { IdentityError: ['IdentityMalformed', 'IdurlForbidden'] },
  }),
  text({
    name: 'multiaddr',
    seeds: CONTACTS.filter((contact) => !contact.startsWith('udp://')).map((contact) =>
      contactToMultiaddr(parseContact(contact)),
    ),
    tokens: NAME_TOKENS,
    parse: multiaddrToContact,
    format: (contact) => (contact === null ? '' : contactToMultiaddr(contact)),
    errors: {},
  }),
  text({
    name: 'peer-id',
    seeds: [peerId],
    tokens: ['0', 'O', 'I', 'l', '1', 'z'],
    parse: deviceOfPeerId,
    format: peerIdOfDevice,
    errors: { IdentityError: ['KeyMalformed'] },
  }),
  text({
    name: 'base58',
    seeds: [peerId, '', '111', 'z'],
    tokens: ['0', 'O', 'I', 'l', '1', 'z'],
    // Its callers limit the length: the time is quadratic.
    parse: (input) => decodeBase58(input.slice(0, 200)) ?? null,
    format: (decoded) => (decoded === null ? '0' : encodeBase58(decoded)),
    errors: {},
  }),
]
