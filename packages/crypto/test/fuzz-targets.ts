import { type FuzzTarget, testKeys } from '@bitdust/testing'
import {
  type CanonicalValue,
  decodeCanonical,
  decryptStream,
  deviceKeyFromSeed,
  encodeCanonical,
  encryptStream,
  formatPaperKey,
  fromBase32,
  fromBase64,
  fromBase64Url,
  fromHex,
  importDevicePublicKey,
  importRsaPrivateKey,
  importRsaPublicKey,
  inspectKeyFile,
  type KeyFile,
  openSealed,
  parseFingerprint,
  readKeyFile,
  readPaperKey,
  sealTo,
  toBase32,
  toBase64,
  toBase64Url,
  toHex,
  writeKeyFile,
} from '../src/index.ts'
import { formatPem, parsePem } from '../src/pem.ts'

const key = await importRsaPrivateKey(testKeys[2048][0])
const pkcs8 = await key.exportPkcs8()
const device = await deviceKeyFromSeed(new Uint8Array(32).fill(7))
const bytes = (text: string) => new TextEncoder().encode(text)
const RECORD = { CryptoError: ['RecordInvalid'] }
const LIMITED_RECORD = { CryptoError: ['RecordInvalid', 'LimitExceeded'] }
const KEY = { CryptoError: ['KeyMalformed'] }
const LOCKED_KEY = { CryptoError: ['KeyMalformed', 'KeyUnlockFailed', 'LimitExceeded'] }
const KEY_FILE = { CryptoError: ['KeyMalformed', 'KeyUnlockFailed', 'LimitExceeded', 'VersionUnsupported'] }
const DER_TOKENS = [[0, 0], [2, 1], [0x30, 0x82], [0x80], [0x84, 0xff, 0xff, 0xff, 0xff], [0x02, 0x81, 0x01]].map(
  (raw) => Uint8Array.from(raw),
)
const PEM_TOKENS = [
  '-----BEGIN PRIVATE KEY-----\n',
  '-----BEGIN RSA PRIVATE KEY-----\n',
  '-----BEGIN ENCRYPTED PRIVATE KEY-----\n',
  '-----END PRIVATE KEY-----',
  'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n',
  'AAAA',
  '====',
]

const named = { keyId: 'share_abc$alice@first-machine.com', creator: key.publicKey.fingerprint, label: 'holiday' }
const plainFile = await writeKeyFile({ ...named, kind: 'private', key })
const publicFile = await writeKeyFile({ ...named, kind: 'public', key: key.publicKey })
const lockedFile = await writeKeyFile(
  { ...named, kind: 'private', key },
  { passphrase: 'secret', cost: { N: 1024, r: 8, p: 1 } },
)
const FILE_TOKENS = [
  '"format"',
  '"version":1',
  '"version":2',
  '"kind":"public"',
  '"body":',
  '"encrypted":{',
  '"N":',
  'null',
  '{',
  '}',
  '[',
  ']',
  ',',
]

function text<T>(target: FuzzTarget<string, T>): FuzzTarget {
  return target as FuzzTarget
}

function binary<T>(target: FuzzTarget<Uint8Array, T>): FuzzTarget {
  return target as FuzzTarget
}

/** What a key says, for comparing. */
function describe(file: KeyFile) {
  const publicKey = file.kind === 'private' ? file.key.publicKey : file.key
  return { ...file, key: publicKey.toOpenSsh() }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  return Array.fromAsync(stream)
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}

/** The parsers of this package. */
export const targets: readonly FuzzTarget[] = [
  text({ name: 'hex', seeds: ['', '00ff', toHex(key.publicKey.spki)], parse: fromHex, format: toHex, errors: RECORD }),
  text({
    name: 'base64',
    seeds: ['', 'AA==', 'AAA=', toBase64(key.publicKey.spki)],
    parse: fromBase64,
    format: toBase64,
    errors: RECORD,
  }),
  text({
    name: 'base64url',
    seeds: ['', 'AA', toBase64Url(key.publicKey.spki)],
    parse: fromBase64Url,
    format: toBase64Url,
    errors: RECORD,
  }),
  text({
    name: 'base32',
    seeds: ['', '00', toBase32(key.publicKey.spki)],
    tokens: ['ß', 'ﬁ', 'ı', 'O', 'l', 'U'],
    parse: fromBase32,
    format: toBase32,
    errors: RECORD,
  }),
  text({
    name: 'fingerprint',
    seeds: [key.publicKey.fingerprint],
    parse: parseFingerprint,
    format: (value) => value,
    errors: KEY,
  }),
  binary<CanonicalValue>({
    name: 'canonical',
    seeds: [
      encodeCanonical(null),
      encodeCanonical({ a: 1, b: [true, 'text', new Uint8Array(3)], long: { x: -1, y: 2 ** 40 } }),
      encodeCanonical([[[[['deep']]]], 24, 256, 65536, Number.MAX_SAFE_INTEGER]),
    ],
    tokens: [0x18, 0x9f, 0xbf, 0xff, 0xf9, 0xc0, 0x1b, 0x5f, 0xa1, 0x7f].map((byte) => Uint8Array.of(byte)),
    parse: (input) => decodeCanonical(input, { maxBytes: 64 * 1024 }),
    format: encodeCanonical,
    errors: LIMITED_RECORD,
  }),
  text({
    name: 'pem',
    seeds: [testKeys[2048][0], formatPem('PUBLIC KEY', key.publicKey.spki)],
    tokens: PEM_TOKENS,
    parse: parsePem,
    format: (pem) => (pem === null ? '' : formatPem(pem.label, pem.der)),
    errors: {},
  }),
  text({
    name: 'ssh-rsa',
    seeds: [key.publicKey.toOpenSsh(), `${key.publicKey.toOpenSsh()} alice@home`],
    tokens: ['ssh-rsa ', 'ssh-dss ', 'AAAA', 'AQAB', 'AAAAB3NzaC1yc2E', '='],
    parse: async (input) => (await importRsaPublicKey(input)).toOpenSsh(),
    format: (line) => line,
    errors: KEY,
  }),
  binary({
    name: 'spki',
    seeds: [key.publicKey.spki],
    tokens: DER_TOKENS,
    parse: async (input) => (await importRsaPublicKey(input)).spki,
    format: (spki) => spki,
    errors: KEY,
  }),
  binary({
    name: 'pkcs8',
    seeds: [pkcs8],
    tokens: DER_TOKENS,
    parse: async (input) => (await importRsaPrivateKey(input)).exportPkcs8(),
    format: (der) => der,
    errors: KEY,
  }),
  text({
    name: 'private-pem',
    seeds: [testKeys[2048][0], await key.toPem('pkcs1')],
    tokens: PEM_TOKENS,
    parse: async (input) => (await importRsaPrivateKey(input)).toPem('pkcs1'),
    format: (pem) => pem,
    errors: LOCKED_KEY,
  }),
  text({
    name: 'key-file',
    // Without the locked one: without its passphrase it is refused at once, with it the time is the passphrase's.
    seeds: [plainFile, publicFile],
    tokens: FILE_TOKENS,
    parse: async (input) => describe(await readKeyFile(input)),
    errors: KEY_FILE,
  }),
  text({
    name: 'key-file-header',
    seeds: [plainFile, publicFile, lockedFile],
    tokens: FILE_TOKENS,
    parse: inspectKeyFile,
    errors: KEY_FILE,
  }),
  text({
    name: 'paper-key',
    seeds: [await formatPaperKey({ ...named, kind: 'private', key })],
    tokens: ['ß', '1  ', '\n22  ', '2. ', 'O', 'I', '-'],
    parse: readPaperKey,
    format: (file) => formatPaperKey(file),
    errors: KEY_FILE,
  }),
  binary({
    name: 'device-key',
    seeds: [device.publicKey.bytes],
    parse: (input) => importDevicePublicKey(input).bytes,
    format: (raw) => raw,
    errors: KEY,
  }),
  binary({
    name: 'sealed',
    seeds: [await sealTo(key.publicKey, 'test', bytes('a few words'), bytes('data'))],
    parse: (input) => openSealed(key, 'test', input, bytes('data')),
    errors: { CryptoError: ['KeyUnlockFailed', 'VersionUnsupported'] },
  }),
  binary({
    name: 'sealed-stream',
    seeds: [Buffer.concat(await collect(encryptStream(key.publicKey, once(bytes('a few words')))))],
    parse: (input) =>
      collect(decryptStream(async (who) => (who === key.publicKey.fingerprint ? key : null), once(input))),
    errors: {
      CryptoError: ['RecordInvalid', 'VersionUnsupported', 'KeyUnlockFailed', 'BlockAuthFailed'],
    },
  }),
]
