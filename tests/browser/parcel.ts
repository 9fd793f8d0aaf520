/** Signed, sealed and encrypted things to hand from a page to Node and back: one side makes them, the other opens them. */

import { expectEqual, expectTrue } from './expect.ts'
import { crypto, identity } from './packages.ts'

const { LABELS, fromBase64, fromHex, toBase64, toHex, utf8Decode, utf8Encode } = crypto

const PASSPHRASE = 'Grüße, 世界'
/** Cheap, since the cost of guessing is not what is tested here. */
const COST = { N: 2 ** 12, r: 8, p: 1 }
const MESSAGE = utf8Encode('what one side writes, the other reads: äöü 世界')
const CONTEXT = utf8Encode('context')
/** Two whole segments and a part of one. */
const BLOCK_BYTES = 2 * 65_536 + 4_321
const ADDRESS = 'http://first-machine.com/alice.xml'
const CREATED = Date.UTC(2026, 0, 1)

/** Everything as text, so that it passes through JSON. Binary values are base64. */
export type Parcel = Awaited<ReturnType<typeof makeParcel>>

export async function makeParcel() {
  const key = await crypto.generateRsaKey(2048)
  const device = await crypto.generateDeviceKey()
  const blockKey = crypto.randomBytes(crypto.BLOCK_KEY_BYTES)
  const block = pattern(BLOCK_BYTES)
  const certificate = await identity.signCertificate(
    { device: device.publicKey, label: 'laptop', created: CREATED, expires: CREATED + 1_000 },
    key,
  )
  const { bytes } = await identity.signIdentity(
    {
      sources: [identity.parseIdurl(ADDRESS)],
      contacts: ['tcp://123.45.67.89:7771'],
      certificates: [certificate],
      scrubbers: [],
      postage: '1',
      date: identity.formatIdentityDate(CREATED),
      version: 'test/1',
      revision: 3,
    },
    key,
  )
  const keyId = 'master$alice@first-machine.com'
  const creator = key.publicKey.fingerprint
  return {
    fingerprint: key.publicKey.fingerprint as string,
    pkcs1: await key.toPem('pkcs1'),
    publicKey: key.publicKey.toOpenSsh(),
    keyFile: await crypto.writeKeyFile(
      { kind: 'private', keyId, key, creator, label: 'ключ' },
      { passphrase: PASSPHRASE, cost: COST },
    ),
    signature: toBase64(await key.sign(LABELS.contract, MESSAGE)),
    wrapped: toBase64(await key.publicKey.wrap(LABELS.blockKey, blockKey)),
    sealed: toBase64(await crypto.sealTo(key.publicKey, LABELS.mailboxItem, MESSAGE, CONTEXT)),
    entry: toBase64(await crypto.encryptEntry(blockKey, LABELS.entryKey, MESSAGE, CONTEXT)),
    block: toBase64(await crypto.encryptBlock(blockKey, block)),
    stream: toBase64(await collect(crypto.encryptStream(key.publicKey, chunksOf(block)))),
    blockRoot: toHex(crypto.treeRoot(block)),
    device: device.publicKey.id as string,
    deviceSeed: toHex(device.seed),
    deviceSignature: toBase64(await device.sign(LABELS.hello, MESSAGE)),
    identity: utf8Decode(bytes),
    derived: toHex(crypto.hkdfSha256(MESSAGE, { salt: CONTEXT, info: CONTEXT, length: 50 })),
    stretched: toHex(await crypto.scrypt(PASSPHRASE, CONTEXT, { ...COST, length: 32 })),
    authenticated: toHex(crypto.hmacSha256(CONTEXT, MESSAGE)),
  }
}

/** @throws {Error} naming the first thing that does not open as it was made. */
export async function openParcel(parcel: Parcel): Promise<void> {
  const file = await crypto.readKeyFile(parcel.keyFile, { passphrase: PASSPHRASE })
  if (file.kind !== 'private') throw new Error('the key file lost the private key')
  const { key } = file
  expectEqual('label of the key file', file.label, 'ключ')
  expectEqual('fingerprint', key.publicKey.fingerprint, parcel.fingerprint)
  expectEqual('PEM', await (await crypto.importRsaPrivateKey(parcel.pkcs1)).toPem('pkcs1'), parcel.pkcs1)
  const publicKey = await crypto.importRsaPublicKey(parcel.publicKey)
  expectTrue('signature', await publicKey.verify(LABELS.contract, MESSAGE, fromBase64(parcel.signature)))
  expectTrue('T09 another label', !(await publicKey.verify(LABELS.offer, MESSAGE, fromBase64(parcel.signature))))
  const blockKey = await key.unwrap(LABELS.blockKey, fromBase64(parcel.wrapped))
  const sealed = await crypto.openSealed(key, LABELS.mailboxItem, fromBase64(parcel.sealed), CONTEXT)
  expectEqual('sealed bytes', sealed, MESSAGE)
  const entry = await crypto.decryptEntry(blockKey, LABELS.entryKey, fromBase64(parcel.entry), CONTEXT)
  expectEqual('entry', entry, MESSAGE)
  const block = await crypto.decryptBlock(blockKey, fromBase64(parcel.block))
  expectEqual('block', block, pattern(BLOCK_BYTES))
  const keyOf = async (fingerprint: string) => (fingerprint === parcel.fingerprint ? key : null)
  const stream = await collect(crypto.decryptStream(keyOf, chunksOf(fromBase64(parcel.stream))))
  expectEqual('stream', stream, block)
  expectEqual('root of the block', toHex(crypto.treeRoot(block)), parcel.blockRoot)
  const deviceKey = crypto.devicePublicKeyOf(crypto.parseDeviceId(parcel.device))
  expectTrue('device signature', await deviceKey.verify(LABELS.hello, MESSAGE, fromBase64(parcel.deviceSignature)))
  const device = await crypto.deviceKeyFromSeed(fromHex(parcel.deviceSeed))
  expectEqual('device', device.publicKey.id, parcel.device)
  expectEqual('Ed25519 signature', toBase64(await device.sign(LABELS.hello, MESSAGE)), parcel.deviceSignature)
  await openIdentityOf(parcel)
  const derived = crypto.hkdfSha256(MESSAGE, { salt: CONTEXT, info: CONTEXT, length: 50 })
  expectEqual('HKDF', toHex(derived), parcel.derived)
  const stretched = await crypto.scrypt(PASSPHRASE, CONTEXT, { ...COST, length: 32 })
  expectEqual('scrypt', toHex(stretched), parcel.stretched)
  expectEqual('HMAC', toHex(crypto.hmacSha256(CONTEXT, MESSAGE)), parcel.authenticated)
}

async function openIdentityOf(parcel: Parcel): Promise<void> {
  const document = await identity.openIdentity(utf8Encode(parcel.identity))
  expectEqual('key of the identity', document.fingerprint, parcel.fingerprint)
  expectEqual('sources', document.sources, [ADDRESS])
  const deviceId = crypto.parseDeviceId(parcel.device)
  const certificate = await identity.deviceOf(document, deviceId, CREATED)
  expectEqual('label of the device', certificate?.label, 'laptop')
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.slice(at, at + 10_000)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return crypto.concatBytes(...collected)
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
}
