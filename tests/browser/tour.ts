/** Exercises what no parcel does, each part by itself, so that every export of both packages runs in a page. */
import type { Clock } from '@bitdust/machine'
import { expectCode, expectEqual, expectTrue } from './expect.ts'
import { crypto, identity } from './packages.ts'

const { LABELS, utf8Decode, utf8Encode } = crypto

/** What Node lends to the page: public test keys and documents of the original. */
export interface TourInput {
  /** RSA private keys as PEM, two of them. */
  readonly pems: readonly string[]
  /** The first of the keys above as PEM under the passphrase `open sesame`. */
  readonly encryptedPem: string
  /** A valid identity file of the original. */
  readonly legacyXml: string
  /** One of the original that was changed after it was signed. */
  readonly tamperedXml: string
}

const ALICE = 'http://first-machine.com/alice.xml'
const SERVERS = ['first-machine.com', 'server-two.net', 'host3.org']
/** 1 January 2026. */
const NOW = Date.UTC(2026, 0, 1)

/** Runs one of {@link tourParts}. @throws {Error} naming the first thing that is wrong. */
export async function runPart({ name, input }: { readonly name: string; readonly input: TourInput }): Promise<void> {
  const part = parts[name]
  if (part === undefined) throw new Error(`there is no part ${name}`)
  await part(input)
}

const parts: Record<string, (input: TourInput) => Promise<void> | void> = {
  'codecs undo each other'() {
    const bytes = crypto.concatBytes(crypto.u32be(7), crypto.u64be(2 ** 40), crypto.randomBytes(50))
    expectTrue('equal bytes', crypto.equalBytes(bytes, crypto.fromHex(crypto.toHex(bytes))))
    expectEqual('base64', crypto.fromBase64(crypto.toBase64(bytes)), bytes)
    expectEqual('base64url', crypto.fromBase64Url(crypto.toBase64Url(bytes)), bytes)
    expectEqual('base32', crypto.fromBase32(crypto.toBase32(bytes)), bytes)
    const record = crypto.encodeCanonical({ b: bytes, a: [1, null, 'ä'] })
    const read = crypto.decodeCanonical(record, { maxBytes: 200 })
    expectEqual('CBOR', read, { a: [1, null, 'ä'], b: bytes })
    expectEqual('signed bytes', crypto.signedBytes('a', bytes).length, 4 + 1 + 4 + bytes.length)
  },

  async 'hashes and trees are the same in one go and in pieces'() {
    const bytes = new Uint8Array(20_000).fill(9)
    const hash = crypto.sha256(bytes)
    expectEqual('streamed hash', crypto.createSha256().update(bytes).digest(), hash)
    expectEqual('hash of many bytes', await crypto.sha256Bulk(bytes), hash)
    const root = crypto.treeRoot(bytes)
    expectEqual('streamed tree', crypto.createTreeHasher().update(bytes).digest(), root)
    const proof = crypto.treeProof(bytes, 2)
    expectTrue('proof', crypto.verifyTreeProof(root, bytes.length, 2, proof))
    expectEqual('proofs', crypto.treeProofs(bytes, [2]), [proof])
    expectEqual('words', crypto.wordsOf(hash, 6).split('-').length, 6)
  },

  async 'T07, T09 RSA keys sign, seal and refuse'({ pems: [pem = ''], encryptedPem }) {
    const key = await crypto.importRsaPrivateKey(pem)
    const again = await crypto.importRsaPrivateKey(encryptedPem, { passphrase: 'open sesame' })
    expectEqual('key under a passphrase', again.publicKey.fingerprint, key.publicKey.fingerprint)
    await expectCode('KeyUnlockFailed', () => crypto.importRsaPrivateKey(encryptedPem, { passphrase: 'sesame' }))
    await expectCode('KeyMalformed', () => crypto.importRsaPublicKey('ssh-rsa AAAA'))
    const { fingerprint } = key.publicKey
    expectEqual('fingerprint', crypto.parseFingerprint(fingerprint), fingerprint)
    expectEqual('fingerprint in words', crypto.fingerprintWords(fingerprint).split('-').length, 12)
    expectEqual('fingerprint in colours', crypto.fingerprintColours(fingerprint).length, 12)
    const message = utf8Encode('message')
    const signature = await key.sign(LABELS.offer, message)
    await crypto.requireSignature(key.publicKey, LABELS.offer, message, signature)
    await expectCode('SignatureInvalid', () =>
      crypto.requireSignature(key.publicKey, LABELS.receipt, message, signature),
    )
    expectTrue(
      'T09 a signature one byte short',
      !(await key.publicKey.verify(LABELS.offer, message, signature.slice(1))),
    )
    const sealed = await crypto.sealTo(key.publicKey, LABELS.grant, message)
    expectEqual('length of sealed bytes', sealed.length, message.length + crypto.sealOverhead(key.bits))
    await expectCode('KeyUnlockFailed', () => crypto.openSealed(key, LABELS.secret, sealed))
  },

  async 'device keys sign'() {
    const device = await crypto.generateDeviceKey()
    const publicKey = crypto.importDevicePublicKey(device.publicKey.bytes)
    const message = utf8Encode('message')
    const signature = await device.sign(LABELS.hello, message)
    expectTrue('signature', await publicKey.verify(LABELS.hello, message, signature))
    signature[0]! ^= 1
    expectTrue('damaged signature', !(await publicKey.verify(LABELS.hello, message, signature)))
    const noPoint = crypto.importDevicePublicKey(new Uint8Array(32).fill(2))
    expectTrue('a key that is no point', !(await noPoint.verify(LABELS.hello, message, signature)))
  },

  async 'T54 key files open with their passphrase alone'({ pems: [pem = ''] }) {
    const key = await crypto.importRsaPrivateKey(pem)
    const names = { keyId: 'master$alice@first-machine.com', key, kind: 'private' } as const
    // With the cost that people get, which takes 128 MiB.
    const text = await crypto.writeKeyFile(names, { passphrase: 'correct horse' })
    expectTrue('encrypted', crypto.inspectKeyFile(text).isEncrypted)
    const read = await crypto.readKeyFile(text, { passphrase: 'correct horse' })
    expectEqual('key id', read.keyId, names.keyId)
    await expectCode('KeyUnlockFailed', () => crypto.readKeyFile(text, { passphrase: 'wrong horse' }))
    await expectCode('LimitExceeded', () =>
      crypto.readKeyFile(text.replace('131072', String(2 ** 30)), { passphrase: '' }),
    )
  },

  async 'a key comes back from paper'({ pems: [pem = ''] }) {
    const key = await crypto.importRsaPrivateKey(pem)
    const paper = await crypto.formatPaperKey({ keyId: 'master$alice@first-machine.com', key, kind: 'private' })
    expectTrue('paper', crypto.isPaperKey(paper))
    const read = await crypto.readPaperKey(paper.toLowerCase())
    expectEqual('key from paper', read.key.publicKey.fingerprint, key.publicKey.fingerprint)
  },

  async 'blocks are decrypted whole and in part'() {
    const key = crypto.randomBytes(32)
    const plain = crypto.randomBytes(3 * crypto.SEGMENT_BYTES)
    const cipher = await crypto.encryptBlock(key, plain)
    expectEqual('length', cipher.length, crypto.ciphertextSize(plain.length))
    expectEqual('plain length', plain.length, crypto.plaintextSize(cipher.length))
    const read = async (from: number, to: number) => cipher.slice(from, to)
    const part = await crypto.decryptBlockRange(key, cipher.length, read, crypto.SEGMENT_BYTES - 5, 10)
    expectEqual('range', part, plain.slice(crypto.SEGMENT_BYTES - 5, crypto.SEGMENT_BYTES + 5))
    cipher[70_000]! ^= 1
    await expectCode('BlockAuthFailed', () => crypto.decryptBlock(key, cipher))
  },

  'errors keep their classes'() {
    const error = new identity.IdentityError('NotFound', 'nobody')
    expectTrue('is ours', crypto.isBitdustError(error, 'NotFound') && error instanceof crypto.BitdustError)
    expectTrue('is its own', !(error instanceof crypto.CryptoError))
  },

  async 'names are read and written'() {
    expectEqual('IDURL', identity.parseIdurl('HTTP://First-Machine.com:80/alice.xml'), ALICE)
    const idurl = identity.parseIdurl(ALICE)
    expectEqual('parts', identity.formatIdurl(identity.idurlParts(idurl)), ALICE)
    const server = identity.parseIdServer('first-machine.com')
    expectEqual('server', [identity.idServerOf(idurl), identity.idurlOn(server, 'alice')], [server, ALICE])
    expectEqual('user', identity.userToIdurl(identity.idurlToUser(idurl)), ALICE)
    const bob = 'bob@123.45.67.89_8000'
    expectEqual('user on a port', identity.formatUser(identity.parseUser(bob)), bob)
    for (const id of [
      'group_abc$alice@first-machine.com:animals/cat.png#F20160313043757PM',
      'key_xyz$bob@123.45.67.89_8000:cars/citroen.png#F20160313043757PM',
    ]) {
      expectEqual(id, identity.formatGlobalId(identity.parseGlobalId(id)), id)
      expectEqual('order', identity.compareGlobalIds(id, identity.canonicalGlobalId(id)), 0)
    }
    const keyId = 'group_abc$alice@first-machine.com'
    expectEqual(keyId, identity.formatKeyId(identity.parseKeyId(keyId)), keyId)
    const version = identity.formatVersion(NOW)
    expectTrue(version, identity.isVersion(version) && identity.parseVersion(version).time === NOW)
    expectEqual('path', identity.checkPath('animals/cat.png'), 'animals/cat.png')
    await expectCode('PathUnsafe', () => identity.checkPath('../cat.png'))
    expectEqual('alias', identity.checkAlias('group_abc'), 'group_abc')
    expectEqual('names', [identity.checkUserName('al'), identity.checkNewUserName('alice')], ['al', 'alice'])
  },

  async 'T10 addresses of private networks are forbidden'() {
    expectTrue('loopback', identity.isForbiddenAddress('::ffff:127.0.0.1') && identity.isForbiddenHost('[::1]'))
    expectTrue('public', !identity.isForbiddenAddress('8.8.8.8'))
    for (const text of ['file:///alice.xml', 'http://a:b@first-machine.com/alice.xml', 'http://127.0.0.1/alice.xml'])
      await expectCode('IdurlForbidden', () => identity.parseIdurl(text))
  },

  'contacts become multiaddrs and back'() {
    const peerId = identity.peerIdOfDevice(new Uint8Array(32).fill(1))
    expectEqual('device', identity.deviceOfPeerId(peerId), new Uint8Array(32).fill(1))
    expectEqual('device id', identity.deviceIdOfPeerId(peerId), '01'.repeat(32))
    const contact = identity.parseContact('tcp://123.45.67.89:7771')
    const multiaddr = identity.contactToMultiaddr(contact)
    expectEqual('multiaddr', multiaddr, '/ip4/123.45.67.89/tcp/7771')
    expectEqual('contact', identity.formatContact(identity.multiaddrToContact(multiaddr)!), 'tcp://123.45.67.89:7771')
    expectEqual('of a device', identity.multiaddrsOfDevice(['tcp://123.45.67.89:7771'], peerId).length, 1)
  },

  async 'device certificates are signed and opened'({ pems: [pem = ''] }) {
    const key = await crypto.importRsaPrivateKey(pem)
    const { publicKey: device } = await crypto.generateDeviceKey()
    const request = { device, label: 'phone', created: NOW, expires: NOW + 1_000, encryptionKey: key.publicKey }
    const certificate = await identity.openCertificate(await identity.signCertificate(request, key), key.publicKey)
    expectTrue('current', identity.isCertificateCurrent(certificate, NOW))
  },

  async 'identities of the original are judged'({ legacyXml, tamperedXml }) {
    const legacy = await identity.openLegacyIdentity(utf8Encode(legacyXml))
    expectEqual('key', (await identity.readLegacyKey(legacy.publicKey)).fingerprint, legacy.fingerprint)
    const verdict = await identity.verifyIdentity(utf8Encode(legacyXml))
    expectEqual('verdict', [verdict.scheme, verdict.valid, verdict.fingerprint], ['legacy', true, legacy.fingerprint])
    const tampered = await identity.verifyIdentity(utf8Encode(tamperedXml))
    expectEqual('tampered', [tampered.valid, tampered.code], [false, 'IdentitySignatureInvalid'])
  },

  async 'T01, T02 damaged and hostile documents are refused'({ pems: [pem = ''] }) {
    const xml = await documentOf(pem, ALICE)
    for (const [code, bad] of [
      ['IdentitySignatureInvalid', xml.replace('123.45.67.89', '123.45.67.88')],
      ['IdentityMalformed', `<!DOCTYPE identity [<!ENTITY a "b">]>${xml}`],
      ['IdentityMalformed', xml.slice(0, -20)],
    ] as const)
      await expectCode(code, () => identity.openIdentity(utf8Encode(bad)))
  },

  async 'a key ring keeps the key that it has'({ pems: [pem = '', otherPem = ''] }) {
    const [key, other] = await Promise.all([crypto.importRsaPrivateKey(pem), crypto.importRsaPrivateKey(otherPem)])
    const creator = key.publicKey.fingerprint
    const ring = identity.createKeyRing({ store: identity.memoryKeyStore() })
    await ring.add(key, { alias: 'animals', creator })
    await expectCode('KeyConflict', () => ring.add(other, { alias: 'animals', creator }))
    expectEqual('key', (await ring.get({ alias: 'animals', creator }))?.publicKey.fingerprint, creator)
  },

  async 'T05 a resolver keeps the key that it saw'({ pems: [pem = '', otherPem = ''] }) {
    const servers = memoryServers()
    const clock = stillClock()
    const resolver = identity.createResolver({ sources: [servers], store: identity.memoryIdentityStore(), clock })
    const idurl = identity.parseIdurl(ALICE)
    servers.files.set(ALICE, utf8Encode(await documentOf(pem, ALICE)))
    const { fingerprint } = await resolver.resolve(idurl)
    servers.files.set(ALICE, utf8Encode(await documentOf(otherPem, ALICE)))
    await expectCode('IdentityKeyChanged', () => resolver.resolve(idurl, { fresh: true }))
    expectEqual('primary', resolver.primary(fingerprint), ALICE)
  },

  async 'contacts that name a user are found through his identity'({ pems: [pem = '', otherPem = ''] }) {
    const servers = memoryServers()
    const clock = stillClock()
    const resolver = identity.createResolver({ sources: [servers], store: identity.memoryIdentityStore(), clock })
    servers.files.set(ALICE, utf8Encode(await documentOf(pem, ALICE)))
    const contact = 'udp://alice@first-machine.com'
    expectEqual('user', identity.userOfContact(contact)?.user, 'alice')
    const xml = await documentOf(otherPem, 'http://first-machine.com/bob.xml', contact)
    const bob = await identity.openIdentity(utf8Encode(xml))
    expectEqual('contacts', await identity.findContacts(bob, { resolver, clock }), ['tcp://123.45.67.89:7771'])
  },

  async 'an identity is restored from its key'({ pems: [pem = ''] }) {
    const idServers = memoryServers()
    idServers.files.set(ALICE, utf8Encode(await documentOf(pem, ALICE)))
    const restore = identity.createRestore({
      key: await crypto.importRsaPrivateKey(pem),
      idurl: identity.parseIdurl(ALICE),
      sources: [idServers],
      known: SERVERS,
      idServers,
      join: async () => (fields) => ({ ...fields, contacts: ['tcp://8.8.8.8:1'] }),
      announce: async () => true,
      clock: stillClock(),
    })
    const { document } = await restore.run()
    expectEqual('contacts', document.contacts, ['tcp://8.8.8.8:1'])
  },

  async 'an identity is registered, published and moved'({ pems: [pem = ''] }) {
    const key = await crypto.importRsaPrivateKey(pem)
    const idServers = memoryServers()
    const clock = stillClock()
    const registration = identity.createRegistration({ key, name: 'alice', servers: SERVERS, idServers, clock })
    const { document } = await registration.run()
    const drops = identity.memoryDropMemory()
    const publisher = identity.createPublisher({ key, identity: document, idServers, drops, clock })
    const change = { contacts: ['tcp://8.8.8.8:1'] }
    const { document: changed } = await publisher.publish((fields) => ({ ...fields, ...change }))
    expectEqual('contacts', changed.contacts, change.contacts)
    const known = () => SERVERS
    const rotation = identity.createRotation({ publisher, idServers, known, clock })
    rotation.start()
    const moved = await rotation.rotate()
    await rotation.stop()
    expectTrue('another address stands first', moved.sources[0] !== document.sources[0])
  },
}

/** Names of all parts; they are sentences that can name a test. */
export const tourParts: readonly string[] = Object.keys(parts)

async function documentOf(pem: string, source: string, contact = 'tcp://123.45.67.89:7771'): Promise<string> {
  const fields = {
    sources: [identity.parseIdurl(source)],
    contacts: [contact],
    certificates: [],
    scrubbers: [],
    postage: '1',
    date: identity.formatIdentityDate(NOW),
    version: 'test/1',
    revision: 0,
  }
  return utf8Decode((await identity.signIdentity(fields, await crypto.importRsaPrivateKey(pem))).bytes)
}

/** Servers that are all alive and take everything. */
function memoryServers() {
  const files = new Map<string, Uint8Array>()
  return {
    name: 'memory',
    files,
    probe: async () => true,
    fetch: async (query: object | string) =>
      files.get(typeof query === 'string' ? query : 'idurl' in query ? String(query.idurl) : '') ?? null,
    publish: async (idurl: string, bytes: Uint8Array) => void files.set(idurl, bytes),
  }
}

/** A clock on which nothing falls due while a test runs. */
function stillClock(): Clock {
  return {
    now: () => NOW,
    monotonic: () => 0,
    sleep: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
}
