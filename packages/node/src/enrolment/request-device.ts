import { join } from 'node:path'
import { type Fingerprint, importRsaPrivateKey, isBitdustError, type RsaPrivateKey, utf8Encode } from '@bitdust/crypto'
import { readPrivateFile, removeDurable, writeFileDurable } from '@bitdust/crypto/files'
import {
  createKeyRing,
  deviceOf,
  type IdentityDocument,
  type Idurl,
  type KeyRing,
  parseKeyId,
  peerIdOfDevice,
} from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import {
  ENROLMENT_REQUEST_LIFETIME_MS,
  type EnrolledKey,
  type EnrolmentGift,
  enrolmentCode,
  enrolmentCodeBytes,
  enrolmentHash,
  enrolmentRequestRecord,
  MAX_ENROLMENT_REQUEST_BYTES,
  openEnrolmentGift,
  verifyEnrolmentAnswer,
} from '@bitdust/records'
import { folderKeyStore } from '../adapters/folder-key-store.ts'
import { NodeError } from '../errors.ts'
import type { FolderPaths } from '../folder.ts'
import { ensureEncryptionKey, removeDeviceKeys, writeIdentity } from '../metadata.ts'
import { type NetworkSession, withNetworkSession } from '../network-session.ts'
import { primaryOf } from '../wiring/devices.ts'
import { noteGivenKeys } from '../wiring/given-shares.ts'
import { RESTORE_PENDING_KEY } from '../wiring/restore-keys.ts'
import { enrolmentWords } from './enrolment-words.ts'

/** How often the DHT is asked for an answer, in ms. */
const POLL_MS = 3_000

/** A request that waits for its answer. */
export interface WaitingRequest {
  /** What is typed in where the master key is. */
  readonly code: string
  readonly peerId: string
  readonly label: string
  /** Until when it can be answered, ms since the epoch. */
  readonly expires: number
}

/** Who answered. Anybody who saw the code can: the words decide. */
export interface EnrolmentOffer {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  /** The same as where the master key is, when nobody stands between. */
  readonly words: string
  /** Keys that come with it. */
  readonly keys: readonly string[]
}

export interface RequestDeviceOptions {
  /** Data folder without identity; made if missing. Its configuration names the network. */
  readonly directory: string
  /** Name of the device, at most 64 characters; everybody can read it. @default `device-` and the end of its peer id */
  readonly label?: string
  readonly signal?: AbortSignal
  /** Told the code, before anything is waited for. */
  readonly onWaiting: (request: WaitingRequest) => void
  /** Shows the words and asks whether they are the same. */
  readonly confirm: (offer: EnrolmentOffer) => Promise<boolean>
}

/** A device that became one of somebody's. */
export interface EnrolledDevice {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  readonly peerId: string
  readonly words: string
  /** Key ids that are on its key ring now. */
  readonly keys: readonly string[]
}

/**
 * Makes this folder a device of an identity that lives elsewhere: makes its keys, publishes a signed request, waits for
 * the answer, checks it against the published identity and asks whether the words are the same. After an interruption
 * the same call goes on with the same keys.
 *
 * @throws {NodeError} `AlreadyInitialized`; `ConfigInvalid` when no network is configured; `Timeout` (retryable) when
 *   nobody answered within the hour; `Unauthorized` when the words were not confirmed (the keys are thrown away then) or
 *   the identity does not name this device with these keys.
 */
export async function requestDevice(options: RequestDeviceOptions): Promise<EnrolledDevice> {
  const { directory, onWaiting, confirm, signal = new AbortController().signal } = options
  return withNetworkSession(directory, async (session) => {
    const { paths, config, deviceKey, dht } = session
    if (config.network.seeds.length === 0)
      throw new NodeError(
        'ConfigInvalid',
        'no network is configured; choose one with: bitdust config network NAME|FILE',
      )
    const encryptionKey = await ensureEncryptionKey(paths)
    await dht.ready({ signal })
    const request = await pendingRequest(session, encryptionKey, options.label, signal)
    const { label, created } = enrolmentRequestRecord.open(request).body
    const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
    const expires = created + ENROLMENT_REQUEST_LIFETIME_MS
    onWaiting({ code: enrolmentCode(request), peerId, label, expires })
    if (systemClock.now() < expires) await dht.publishEnrolment(request, { signal })

    for (;;) {
      const answered = await findAnswer(session, request, encryptionKey, signal)
      if (answered !== null) {
        const { document, gift } = answered
        const { fingerprint } = document
        const [idurl, words] = [primaryOf(document), enrolmentWords(request, fingerprint)]
        const keys = gift.keys.map(({ keyId }) => keyId)
        if (!(await confirm({ idurl, fingerprint, words, keys }))) {
          await forgetRequest(paths)
          await removeDeviceKeys(paths)
          throw new NodeError(
            'Unauthorized',
            `the words were not confirmed, so nothing of ${idurl} was taken over; the request is void, run the command again for a new code`,
            { subject: fingerprint },
          )
        }
        await takeOver(session, document, gift)
        return { idurl, fingerprint, peerId, words, keys }
      }
      if (systemClock.now() >= expires)
        throw new NodeError(
          'Timeout',
          'nobody added this device within an hour; run the command again for a new code',
          {
            retryable: true,
          },
        )
      await systemClock.sleep(POLL_MS, signal)
    }
  })
}

/** The request of an earlier run while it counts, or when it was answered meanwhile; else a new one. */
async function pendingRequest(
  session: NetworkSession,
  encryptionKey: RsaPrivateKey,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { paths, deviceKey } = session
  const earlier = await readRequest(paths)
  if (earlier !== null) {
    const { body } = enrolmentRequestRecord.open(earlier)
    const counts = systemClock.now() < body.created + ENROLMENT_REQUEST_LIFETIME_MS
    if (counts && (wanted === undefined || wanted === body.label)) return earlier
    if ((await findAnswer(session, earlier, encryptionKey, signal)) !== null) return earlier
  }
  const label = wanted ?? `device-${peerIdOfDevice(deviceKey.publicKey.bytes).slice(-4)}`
  const { id: device } = deviceKey.publicKey
  const body = { device, encryptionKey: encryptionKey.publicKey.spki, label, created: systemClock.now() }
  const { bytes } = await enrolmentRequestRecord.sign(body, deviceKey)
  await writeFileDurable(requestFile(paths), bytes)
  return bytes
}

/** Where answers are looked for, and by whom. */
export interface AnswerPlaces extends Pick<NetworkSession, 'deviceKey' | 'resolver'> {
  readonly dht: Pick<NetworkSession['dht'], 'findEnrolmentAnswer'>
}

interface Answered {
  readonly document: IdentityDocument
  readonly gift: EnrolmentGift
}

/**
 * The newest answer to this request whose identity names this device. Null: none yet, or nobody could be asked. Whoever
 * knows the code may leave answers, so a bad one is told only when there is no good one.
 *
 * @throws {NodeError} `Unauthorized` when the published identity contradicts its answer. {@link CryptoError} `KeyUnlockFailed`,
 *   {@link RecordError} `RecordInvalid` when it cannot be read.
 */
export async function findAnswer(
  { dht, ...asking }: AnswerPlaces,
  request: Uint8Array,
  encryptionKey: RsaPrivateKey,
  signal: AbortSignal,
): Promise<Answered | null> {
  const answers = await orNothing(dht.findEnrolmentAnswer(enrolmentCodeBytes(request), { signal }), [], signal)
  const failures: unknown[] = []
  for (const bytes of answers) {
    try {
      const answered = await openAnswer(asking, bytes, { request, encryptionKey, signal })
      if (answered !== null) return answered
    } catch (error) {
      signal.throwIfAborted()
      if (!isBitdustError(error)) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return null
}

/** Null for an answer to another request, and while its identity cannot be found or does not name this device. */
async function openAnswer(
  { deviceKey, resolver }: Omit<AnswerPlaces, 'dht'>,
  bytes: Uint8Array,
  {
    request,
    encryptionKey,
    signal,
  }: { readonly request: Uint8Array; readonly encryptionKey: RsaPrivateKey; readonly signal: AbortSignal },
): Promise<Answered | null> {
  const { body } = await verifyEnrolmentAnswer(bytes, systemClock.now())
  if (body.request !== enrolmentHash(request) || body.device !== deviceKey.publicKey.id) return null
  const gift = await openEnrolmentGift(encryptionKey, body)
  const document =
    (await orNothing(resolver.resolve(gift.idurl, { fresh: true, signal }), null, signal)) ??
    (await orNothing(resolver.resolve({ fingerprint: body.owner }, { fresh: true, signal }), null, signal))
  if (document === null) return null
  if (document.fingerprint !== body.owner)
    throw new NodeError('Unauthorized', `the answer came from ${body.owner}, which is not the key of ${gift.idurl}`, {
      subject: body.owner,
    })
  const certificate = await deviceOf(document, deviceKey.publicKey.id, systemClock.now())
  // The servers may show an older revision for a moment.
  if (certificate === null) return null
  if (certificate.encryptionKey?.fingerprint !== encryptionKey.publicKey.fingerprint)
    throw new NodeError('Unauthorized', `${gift.idurl} names this device with another encryption key`, {
      subject: body.owner,
    })
  return { document, gift }
}

/** The identity comes last: with it the folder is somebody's. */
async function takeOver({ paths, store }: NetworkSession, document: IdentityDocument, gift: EnrolmentGift) {
  const ring = createKeyRing({ store: folderKeyStore(paths.keys) })
  for (const given of gift.keys) await addKey(ring, given)
  const foreign = gift.keys.filter(({ creator }) => creator !== document.fingerprint)
  await noteGivenKeys(
    store,
    foreign.map(({ keyId, creator }) => ({ creator, alias: aliasOf(keyId) })),
  )
  await store.batch([{ put: RESTORE_PENDING_KEY, value: utf8Encode('1') }])
  await writeIdentity(paths, document.bytes)
  await forgetRequest(paths)
}

async function addKey(ring: KeyRing, { keyId, creator, generation, label, privateKey }: EnrolledKey): Promise<void> {
  const key = await importRsaPrivateKey(privateKey)
  privateKey.fill(0)
  const user = keyId.includes('$') ? { user: keyId.slice(keyId.indexOf('$') + 1) } : {}
  const named = label === '' ? {} : { label }
  await ring.add(key, { alias: aliasOf(keyId), creator, generation, ...user, ...named })
}

/** A key id may lack its user. */
function aliasOf(keyId: string): string {
  return keyId.includes('$') ? parseKeyId(keyId).alias : keyId
}

function requestFile({ metadata }: FolderPaths): string {
  return join(metadata, 'enrolment.request')
}

/** Null: there is none, or one that cannot be read any more, which is made anew. */
async function readRequest(paths: FolderPaths): Promise<Uint8Array | null> {
  try {
    const bytes = await readPrivateFile(requestFile(paths), { maxBytes: MAX_ENROLMENT_REQUEST_BYTES })
    enrolmentRequestRecord.open(bytes)
    return bytes
  } catch (error) {
    if (isBitdustError(error)) return null
    throw error
  }
}

async function forgetRequest(paths: FolderPaths): Promise<void> {
  await removeDurable(requestFile(paths))
}

/** What could not be asked for now is asked for again. */
async function orNothing<T, N>(asked: Promise<T>, nothing: N, signal: AbortSignal): Promise<T | N> {
  try {
    return await asked
  } catch (error) {
    signal.throwIfAborted()
    if (isBitdustError(error, 'NotFound') || (isBitdustError(error) && error.retryable)) return nothing
    throw error
  }
}
