import { utf8Decode } from '@bitdust/crypto'
import type { PeerId } from '@libp2p/interface'
import {
  type KadDHT,
  type KadDHTComponents,
  Record as KadRecord,
  kadDHT,
  MessageType,
  passthroughMapper,
  removePrivateAddressesMapper,
} from '@libp2p/kad-dht'
import { type Guard, newest } from './guard.ts'
import { decodeDhtKey, NAMESPACES } from './key.ts'
import type { LimitedDatastore } from './limited-datastore.ts'
import { PEER_TIMEOUT_MS } from './limits.ts'

/** Protocol of BitDust's own DHT: its nodes neither serve nor ask any other network. */
export const DHT_PROTOCOL = '/bitdust/kad/1.0.0'

const DATASTORE_PREFIX = '/bitdust-dht'
/** Where kad-dht keeps values in its datastore. */
export const VALUES_PREFIX = `${DATASTORE_PREFIX}/record`

export interface KadOptions {
  readonly guard: Guard
  readonly values: LimitedDatastore
  readonly allowPrivate: boolean
  readonly clientMode: boolean
}

/** Makes the libp2p service: kad-dht, in which nothing is stored or believed that the guard does not let pass. */
export function createKad(
  components: KadDHTComponents,
  { guard, values, allowPrivate, clientMode }: KadOptions,
): KadDHT {
  const validate = async (key: Uint8Array, value: Uint8Array) => void (await guard.check(key, value))
  const select = (key: Uint8Array, found: readonly Uint8Array[]) => newestOf(guard, key, found)
  const kad = kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode,
    peerInfoMapper: allowPrivate ? passthroughMapper : removePrivateAddressesMapper,
    // Small buckets and few parallel questions: 40 ms instead of 200 for a put among twenty nodes, at the same redundancy.
    kBucketSize: 8,
    alpha: 3,
    disjointPaths: 3,
    networkDialTimeout: PEER_TIMEOUT_MS,
    // Otherwise every question waits for a first one of kad-dht's own, which nobody can observe and nothing limits in time.
    allowQueryWithZeroPeers: true,
    datastorePrefix: DATASTORE_PREFIX,
    logPrefix: 'bitdust:dht',
    metricsPrefix: 'bitdust_dht',
    validators: Object.fromEntries(Object.values(NAMESPACES).map((namespace) => [namespace, validate])),
    selectors: Object.fromEntries(Object.values(NAMESPACES).map((namespace) => [namespace, select])),
  })(withDatastore(components, values))
  chargePeers(kad, values)
  return kad
}

/** What kad-dht has and its types do not tell. Its version is pinned, and tests of this package fail where this is wrong. */
interface Inside {
  readonly rpc: { readonly handlers: { [type: string]: Handler } }
  readonly routingTable: RoutingTable
}

/** Answers one kind of message. */
interface Handler {
  handle(peer: PeerId, message: { readonly record?: Uint8Array }): Promise<unknown>
}

/** The peers whom a node asks first. */
export interface RoutingTable {
  readonly size: number
  /** Adds a peer if it answers a ping. */
  add(peer: PeerId, options: { readonly signal: AbortSignal }): Promise<void>
  remove(peer: PeerId): Promise<void>
}

/** The routing table of a service made by {@link createKad}. */
export function routingTableOf(kad: KadDHT): RoutingTable {
  return inside(kad).routingTable
}

function inside(kad: KadDHT): Inside {
  return kad as unknown as Inside
}

/** Validators are told what is to be stored and not who wants it, so the datastore learns it here. */
function chargePeers(kad: KadDHT, values: LimitedDatastore): void {
  const { handlers } = inside(kad).rpc
  const stored = handlers[MessageType.PUT_VALUE]
  if (stored === undefined) throw new TypeError('this version of kad-dht handles no PUT_VALUE')
  handlers[MessageType.PUT_VALUE] = {
    async handle(peer, message) {
      const { key } = KadRecord.deserialize(message.record ?? new Uint8Array())
      // kad-dht would take public keys, too: those of strangers, any number of them.
      decodeDhtKey(key)
      return values.bring({ name: utf8Decode(key), peer: peer.toString() }, () => stored.handle(peer, message))
    },
  }
}

/** Index of the newest of values that were valid when they came. */
async function newestOf(guard: Guard, key: Uint8Array, values: readonly Uint8Array[]): Promise<number> {
  const sequences = await Promise.all(values.map((value) => guard.check(key, value).then(newest, () => -1)))
  return sequences.indexOf(Math.max(...sequences))
}

/** The components of libp2p are found by name when they are used, since services are made one after another: so is this one. */
function withDatastore(components: KadDHTComponents, datastore: LimitedDatastore): KadDHTComponents {
  return new Proxy(components, {
    get: (target, name) => (name === 'datastore' ? datastore : Reflect.get(target, name)),
  })
}
