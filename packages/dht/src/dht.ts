import { equalBytes, type Fingerprint, isBitdustError } from '@bitdust/crypto'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import { createAsk } from './ask.ts'
import { nameOfLetter, readAnswers, readRequest, sealAnswer, sealRequest } from './enrolment.ts'
import { DhtError } from './errors.ts'
import { createGuard } from './guard.ts'
import { createKad, routingTableOf, VALUES_PREFIX } from './kad.ts'
import { type DhtName, dhtKeyText, encodeDhtKey } from './key.ts'
import { LimitedDatastore } from './limited-datastore.ts'
import { PUBLISH_RETRY_MS, QUERY_TIMEOUT_MS, READY_POLL_MS, REPUBLISH_MS, UPKEEP_MS } from './limits.ts'
import { createMembership, type Membership } from './membership.ts'
import { mostHeld, nameOfNickname } from './nickname.ts'
import type { SequenceStore } from './sequences.ts'
import { encodeDhtValue, encodeHolders, type VerifiedRecord } from './value.ts'
import { walk } from './walk.ts'

export interface DhtOptions {
  /** Where to enter the network: multiaddrs ending in `/p2p/<peer id>`. None: others come to us. */
  readonly seeds: readonly string[]
  /** Remembers which revisions were published and found, so that older ones are refused after a restart too. */
  readonly sequences: SequenceStore
  /** Keeps private addresses in the routing table; for a network on one machine or LAN. @default false */
  readonly allowPrivate?: boolean
  /** Only asks, stores nothing for others. @default false */
  readonly clientMode?: boolean
  /** Waits, measures, and tells the time in ms since the Unix epoch; the system's clock in a node. */
  readonly clock: { now(): number; monotonic(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> }
  /** Told what goes wrong in the background; everything is tried again. */
  readonly onError?: (error: unknown) => void
}

export interface QueryOptions {
  /** Gives up: the call throws the reason of the signal. Without it, a question ends after 15 s with what it has. */
  readonly signal?: AbortSignal
}

/** How far a publication went. */
export interface Published {
  /** Other nodes that say they stored the record: at most 8, 0 when none is reached. */
  readonly stored: number
}

/** A peer that a walk met. */
export interface WalkedPeer {
  readonly peerId: string
  /** Multiaddrs without `/p2p/`, at least one. */
  readonly addresses: readonly string[]
}

/** The libp2p host which carries the DHT, as far as it is used here. */
export type DhtHost = Pick<Libp2p<{ dht: KadDHT }>, 'services' | 'dial' | 'getPeers' | 'peerId' | 'peerStore'>

/** Finds things without being trusted: every record proves itself, and a missing answer proves nothing. */
export interface Dht {
  /** The libp2p service of one host: `createLibp2pCarrier({ services: { dht: dht.service } })`. */
  readonly service: (components: KadDHTComponents) => KadDHT
  /** Enters the network once the libp2p host has started, and keeps own records published. Idempotent. */
  start(host: DhtHost): void
  /** Ends what goes on; waiting calls throw `Cancelled`. A stopped DHT stays stopped. Idempotent. */
  stop(): Promise<void>
  /**
   * Waits until this node met its neighbours and so many peers are in its routing table, at most 15 s.
   *
   * @throws {DhtError} `Timeout`
   */
  ready(options?: QueryOptions & { readonly peers?: number }): Promise<void>
  /** Peers in the routing table. Some may have gone away. */
  readonly size: number
  /**
   * Publishes the own identity, now and four times in the lifetime of a value (48 h) from now on; what nobody stored, again
   * after a minute; and whenever this node enters the network, so also when this call fails with `Timeout`.
   *
   * @throws {DhtError} `RecordRollback` when a newer one is known, `RecordInvalid`, `LimitExceeded` above 16 KiB, `Timeout`
   * when no node is known.
   */
  publishIdentity(fingerprint: Fingerprint, xml: Uint8Array, options?: QueryOptions): Promise<Published>
  /**
   * Publishes a family in the same way, own or held for a customer.
   *
   * @param ownerKey - Master key of the owner, SPKI.
   */
  publishFamily(
    fingerprint: Fingerprint,
    family: Uint8Array,
    ownerKey: Uint8Array,
    options?: QueryOptions,
  ): Promise<Published>
  /**
   * The identity document with the highest revision that anybody had, verified; null when nobody had one, or only older
   * ones than this node saw before.
   *
   * @throws {DhtError} `Timeout` when no node is known, or none answered.
   */
  findIdentity(fingerprint: Fingerprint, options?: QueryOptions): Promise<Uint8Array | null>
  /** The family record, found in the same way. */
  findFamily(fingerprint: Fingerprint, options?: QueryOptions): Promise<Uint8Array | null>
  /**
   * Publishes the own nickname in the same way, until its record expires, or another nickname of the same owner is
   * published. Others may stand under the same one.
   *
   * @param record - Of `nicknameRecord`.
   * @throws {DhtError} like `publishIdentity`, and `RecordExpired`.
   */
  publishNickname(record: Uint8Array, options?: QueryOptions): Promise<Published>
  /**
   * Who calls himself so: the newest record of each holder, verified; those whom most nodes keep first, at most 64. None
   * of them is more right than the others.
   *
   * @throws {DhtError} `RecordInvalid` for what is no nickname, `Timeout` when no node is known, or none answered.
   */
  findNickname(nickname: string, options?: QueryOptions): Promise<readonly Uint8Array[]>
  /**
   * Publishes a request to enrol a device, encrypted and signed under keys that follow from its code. Counts for an hour.
   *
   * @param request - Of `enrolmentRequestRecord`.
   * @throws {DhtError} `RecordExpired`, `RecordInvalid`, `LimitExceeded`, `Timeout` when no node is known.
   */
  publishEnrolment(request: Uint8Array, options?: QueryOptions): Promise<Published>
  /**
   * The request with this code, null when nobody had it. It hashes to the code; verify the rest of it.
   *
   * @param code - Of `parseEnrolmentCode`.
   * @throws {DhtError} `RecordInvalid` for what is no code, `Timeout` when no node is known, or none answered.
   */
  findEnrolment(code: Uint8Array, options?: QueryOptions): Promise<Uint8Array | null>
  /**
   * Publishes the answer to a request, in the same way. Counts for a day.
   *
   * @param answer - Of `enrolmentAnswerRecord`.
   * @throws {DhtError} like `publishEnrolment`, and `RecordRollback` when a newer answer was seen.
   */
  publishEnrolmentAnswer(code: Uint8Array, answer: Uint8Array, options?: QueryOptions): Promise<Published>
  /**
   * Answers to the request with this code, each signed by the key that it brings, newest first, at most 8. Whoever knows
   * the code can answer, so compare the words before one is believed.
   *
   * @throws {DhtError} like `findEnrolment`.
   */
  findEnrolmentAnswer(code: Uint8Array, options?: QueryOptions): Promise<readonly Uint8Array[]>
  /** Meets peers all over the network, each once, in an order nobody can choose. Ends when random keys lead to nobody new. */
  walk(options?: QueryOptions): AsyncIterable<WalkedPeer>
}

/** A record that is kept published. */
interface OwnRecord {
  readonly name: DhtName
  readonly value: Uint8Array
  /** Monotonic time of the next publication, in ms. */
  dueAt: number
}

/** Creates the DHT of a node. Nothing happens before `start`. */
export function createDht({
  seeds,
  sequences,
  allowPrivate = false,
  clientMode = false,
  clock,
  onError = () => undefined,
}: DhtOptions): Dht {
  const guard = createGuard({ sequences, allowPrivate, clock })
  const values = new LimitedDatastore({ clock, prefix: VALUES_PREFIX })
  const ending = new AbortController()
  const lifetime = ending.signal
  const report = (error: unknown) => {
    if (!lifetime.aborted) onError(error)
  }
  const ask = createAsk({ clock, lifetime, onError: report, onSilent: forget })
  const own = new Map<string, OwnRecord>()
  let host: DhtHost | undefined
  let membership: Membership | undefined
  let upkeep: Promise<void> | undefined

  function running(): DhtHost {
    lifetime.throwIfAborted()
    if (host === undefined) throw new DhtError('Cancelled', 'the DHT was not started')
    return host
  }

  const tableSize = () => (host === undefined ? 0 : routingTableOf(host.services.dht).size)

  /** The host, once there is anybody to ask. */
  function connected(): DhtHost {
    const started = running()
    if (tableSize() > 0) return started
    throw new DhtError('Timeout', 'no node of the DHT is known; check the seeds', { retryable: true })
  }

  /** kad-dht asks the peers nearest to a key first, and by itself keeps those that are long gone among them. */
  function forget(peer: PeerId): void {
    if (host !== undefined) routingTableOf(host.services.dht).remove(peer).catch(report)
  }

  async function publish(name: DhtName, value: Uint8Array, options?: QueryOptions): Promise<Published> {
    running()
    const text = dhtKeyText(name)
    // kad-dht stores what we put without asking the validator, so it is asked here.
    await guard.admit(encodeDhtKey(name), value)
    values.keepOwn(text)
    // Nobody has two nicknames.
    if (name.kind === 'nickname') for (const [key, other] of own) if (other.name.kind === name.kind) own.delete(key)
    const record: OwnRecord = { name, value, dueAt: clock.monotonic() }
    own.set(text, record)
    return spread(record, options)
  }

  async function spread(record: OwnRecord, { signal }: QueryOptions = {}): Promise<Published> {
    const kad = connected().services.dht
    const key = encodeDhtKey(record.name)
    const storing = new Set<string>()
    record.dueAt = clock.monotonic() + PUBLISH_RETRY_MS
    for await (const event of ask((asked) => kad.put(key, record.value, asked), signal)) {
      if (event.name !== 'PEER_RESPONSE' || event.messageName !== 'PUT_VALUE') continue
      // Who stores a value sends it back.
      if (event.record !== undefined && equalBytes(event.record.value, record.value)) storing.add(event.from.toString())
    }
    if (storing.size > 0) record.dueAt = clock.monotonic() + REPUBLISH_MS
    return { stored: storing.size }
  }

  /** What nodes have under a name, this one too: each value as often as it was given, and how many answered. */
  async function collect(name: DhtName, { signal }: QueryOptions): Promise<{ found: Uint8Array[]; answers: number }> {
    const kad = connected().services.dht
    const key = encodeDhtKey(name)
    const found: Uint8Array[] = []
    let answers = 0
    const onProgress = (event: CustomEvent) => {
      if (event.type === 'kad-dht:query:value') found.push(event.detail.value)
    }
    for await (const event of ask((asked) => kad.get(key, { ...asked, onProgress }), signal)) {
      if (event.name === 'PEER_RESPONSE') answers++
      // The search is over: kad-dht turns to those who had an older record, one by one. Their owner reaches them as well.
      if (event.path.index === AFTER_SEARCH) break
    }
    return { found, answers }
  }

  function requireAnswers({ kind, id }: DhtName, answers: number): void {
    if (answers === 0) throw new DhtError('Timeout', `${kind} of ${id}: no node answered`, { retryable: true })
  }

  /** The newest record of the one owner of a name. */
  async function find(name: DhtName, options: QueryOptions = {}): Promise<Uint8Array | null> {
    const { found, answers } = await collect(name, options)
    let best: VerifiedRecord | null = null
    for (const value of distinct(found)) {
      const [verified] = await guard.admit(encodeDhtKey(name), value).catch(noneIfRefused)
      if (verified !== undefined && (best === null || verified.sequence > best.sequence)) best = verified
    }
    if (best === null) requireAnswers(name, answers)
    return best?.record ?? null
  }

  /** All valid records under a name, as often as nodes had them. */
  async function findAll(name: DhtName, options: QueryOptions = {}): Promise<VerifiedRecord[]> {
    const { found, answers } = await collect(name, options)
    const all: VerifiedRecord[] = []
    for (const value of distinct(found)) {
      const verified = await guard.verify(encodeDhtKey(name), value).catch(noneIfRefused)
      const times = found.filter((other) => equalBytes(other, value)).length
      for (let time = 0; time < times; time++) all.push(...verified)
    }
    if (all.length === 0) requireAnswers(name, answers)
    return all
  }

  async function keepUp(tended: Membership): Promise<void> {
    for (;;) {
      if (await tended.tend()) for (const record of own.values()) record.dueAt = clock.monotonic()
      if (tended.isMember) await publishDue()
      await clock.sleep(UPKEEP_MS, lifetime)
    }
  }

  async function publishDue(): Promise<void> {
    const due = [...own].filter(([, { dueAt }]) => dueAt <= clock.monotonic())
    for (const [text, record] of due) {
      try {
        await guard.check(encodeDhtKey(record.name), record.value)
        await spread(record)
      } catch (error) {
        record.dueAt = clock.monotonic() + PUBLISH_RETRY_MS
        const isOver = isBitdustError(error, 'RecordExpired')
        if (!isOver) report(error)
        // Another device of the owner published a newer one, and keeps it published.
        if ((isOver || isBitdustError(error, 'RecordRollback')) && own.get(text) === record) own.delete(text)
      }
    }
  }

  return {
    service: (components) => createKad(components, { guard, values, allowPrivate, clientMode }),
    get size() {
      return tableSize()
    },
    start(started) {
      if (host !== undefined) return
      host = started
      membership = createMembership({ host, seeds, ask, clock, lifetime, onError: report })
      upkeep = keepUp(membership).catch(report)
    },
    async stop() {
      ending.abort(new DhtError('Cancelled', 'the DHT stopped'))
      await upkeep
    },
    async ready({ signal, peers = 1 } = {}) {
      const until = clock.monotonic() + QUERY_TIMEOUT_MS
      const given = signal === undefined ? lifetime : AbortSignal.any([lifetime, signal])
      while (!membership?.isMember || tableSize() < peers) {
        if (clock.monotonic() >= until)
          throw new DhtError('Timeout', `the DHT knows ${tableSize()} peers, wanted ${peers}; check the seeds`, {
            retryable: true,
          })
        await clock.sleep(READY_POLL_MS, given)
      }
    },
    publishIdentity: (fingerprint, record, options) =>
      publish({ kind: 'identity', id: fingerprint }, encodeDhtValue('identity', record), options),
    publishFamily: (fingerprint, record, ownerKey, options) =>
      publish({ kind: 'family', id: fingerprint }, encodeDhtValue('family', record, ownerKey), options),
    findIdentity: (fingerprint, options) => find({ kind: 'identity', id: fingerprint }, options),
    findFamily: (fingerprint, options) => find({ kind: 'family', id: fingerprint }, options),
    async publishNickname(record, options) {
      return publish(nameOfNickname(record), encodeHolders([record]), options)
    },
    async findNickname(nickname, options) {
      return mostHeld(await findAll(nameOfNickname(nickname), options))
    },
    async publishEnrolment(request, options) {
      const { name, value } = await sealRequest(request)
      return publish(name, value, options)
    },
    async findEnrolment(code, options) {
      const name = await nameOfLetter('enrolment-request', code)
      return readRequest(code, await findAll(name, options))
    },
    async publishEnrolmentAnswer(code, answer, options) {
      const { name, value } = await sealAnswer(code, answer)
      return publish(name, value, options)
    },
    async findEnrolmentAnswer(code, options) {
      const name = await nameOfLetter('enrolment-answer', code)
      return readAnswers(code, await findAll(name, options), clock.now())
    },
    async *walk({ signal } = {}) {
      yield* walk({ host: connected(), ask, signal })
    },
  }
}

/** Number of the path in kad-dht's events that belong to none of the search. */
const AFTER_SEARCH = -1

/** Nodes that agree send the same bytes, which are verified once. */
function distinct(values: readonly Uint8Array[]): Uint8Array[] {
  return values.filter((value, index) => values.findIndex((other) => equalBytes(other, value)) === index)
}

/** A value that breaks the rule is none. */
function noneIfRefused(error: unknown): readonly VerifiedRecord[] {
  if (error instanceof DhtError) return []
  throw error
}
