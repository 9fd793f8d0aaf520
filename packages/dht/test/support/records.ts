import { type DeviceKey, type RsaPrivateKey, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { parseIdurl, peerIdOfDevice, signIdentity } from '@bitdust/identity'
import {
  type EnrolmentAnswer,
  enrolmentAnswerRecord,
  enrolmentHash,
  enrolmentRequestRecord,
  familyRecord,
  NICKNAME_LIFETIME_MS,
  type Nickname,
  nicknameRecord,
  parseHash,
  type RecordHash,
} from '@bitdust/records'
import { testKey } from './keys.ts'

const IDURL = parseIdurl('http://127.0.0.1:8084/alice.xml', { allowPrivate: true })
const ANY_HASH = parseHash<RecordHash>('1'.repeat(64))

/** An identity document of this key. */
export async function identityOf(key: RsaPrivateKey, revision: number, contacts: readonly string[] = []) {
  const { bytes } = await signIdentity(
    {
      sources: [IDURL],
      contacts,
      certificates: [],
      scrubbers: [],
      postage: '1',
      date: 'Sat Dec 13 14:08:36 2014',
      version: '',
      revision,
    },
    key,
  )
  return bytes
}

/** A family record of this key, with two suppliers. */
export async function familyOf(key: RsaPrivateKey, revision: number) {
  const suppliers = await Promise.all([testKey(4), testKey(5)])
  const { bytes } = await familyRecord.sign(
    {
      customer: key.publicKey.fingerprint,
      idurl: IDURL,
      revision,
      previous: revision === 1 ? null : ANY_HASH,
      n: 2,
      positions: suppliers.map(({ publicKey }, position) => ({
        fingerprint: publicKey.fingerprint,
        idurl: IDURL,
        peerId: peerIdOfDevice(new Uint8Array(32).fill(position + 1)),
        contract: ANY_HASH,
      })),
    },
    key,
  )
  return bytes
}

/** The same XML with one text replaced, signature untouched. */
export function tamper(xml: Uint8Array, from: string | RegExp, to: string): Uint8Array {
  const text = utf8Decode(xml)
  const tampered = text.replace(from, to)
  if (tampered === text) throw new Error(`nothing to replace: ${from}`)
  return utf8Encode(tampered)
}

/** A nickname record of this key. */
export async function nicknameOf(key: RsaPrivateKey, change: Partial<Nickname> = {}) {
  const created = change.created ?? Date.now()
  const { bytes } = await nicknameRecord.sign(
    {
      nickname: 'Alice',
      owner: key.publicKey.fingerprint,
      ownerKey: key.publicKey.spki,
      idurl: IDURL,
      created,
      expires: created + NICKNAME_LIFETIME_MS,
      ...change,
    },
    key,
  )
  return bytes
}

/** A request of this device. */
export async function requestOf(device: DeviceKey, encryptionKey: RsaPrivateKey, created = Date.now()) {
  const { bytes } = await enrolmentRequestRecord.sign(
    { device: device.publicKey.id, encryptionKey: encryptionKey.publicKey.spki, label: 'laptop', created },
    device,
  )
  return bytes
}

/** The answer of this key to a request. */
export async function answerOf(key: RsaPrivateKey, request: Uint8Array, change: Partial<EnrolmentAnswer> = {}) {
  const { bytes } = await enrolmentAnswerRecord.sign(
    {
      device: enrolmentRequestRecord.open(request).body.device,
      request: enrolmentHash(request),
      owner: key.publicKey.fingerprint,
      ownerKey: key.publicKey.spki,
      created: Date.now(),
      sealed: new Uint8Array(100),
      ...change,
    },
    key,
  )
  return bytes
}
