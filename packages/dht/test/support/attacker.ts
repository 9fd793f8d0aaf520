import { generateDeviceKey, randomBytes, utf8Decode } from '@bitdust/crypto'
import type { PeerId } from '@libp2p/interface'
import { type KadDHT, Record as KadRecord, kadDHT, MessageType, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { DHT_PROTOCOL } from '../../src/index.ts'
import { NAMESPACES } from '../../src/key.ts'
import { hostFor, type KadCarrier } from './network.ts'

const REQUEST_TIMEOUT_MS = 10_000

/** A message of the protocol, with the fields that these tests use. */
export interface Message {
  readonly type: MessageType
  readonly key?: Uint8Array | undefined
  readonly record?: Uint8Array
  readonly closer?: readonly { readonly id: Uint8Array; readonly multiaddrs: readonly Uint8Array[] }[]
  readonly providers?: readonly { readonly id: Uint8Array; readonly multiaddrs: readonly Uint8Array[] }[]
}

interface Handler {
  handle(peer: PeerId, message: Message): Promise<Message | undefined>
}

/** What an attacker may touch in his own node: everything. */
interface Inside {
  readonly routingTable: { add(peer: PeerId): Promise<void> }
  readonly rpc: { readonly handlers: { [type in MessageType]?: Handler } }
  readonly network: { sendRequest(to: PeerId, message: Message, options: object): AsyncIterable<Answer> }
}

interface Answer {
  readonly name: string
  readonly error?: Error
  readonly record?: { readonly value: Uint8Array }
}

/** Whom an attacker turns to. */
export type Target = Pick<KadCarrier, 'peerId' | 'addresses'>

/** A node that keeps no rule. */
export interface Attacker {
  readonly carrier: KadCarrier
  /** Says this to one node. @returns its answer; null when it refused. Throws when it is not reached or takes too long. */
  tell(target: Target, message: Message): Promise<Answer | null>
  /** Wants a value stored by one node. @returns whether it says it did */
  put(target: Target, key: Uint8Array, value: Uint8Array): Promise<boolean>
  /** What one node has stored itself. */
  stored(target: Target, key: Uint8Array): Promise<Uint8Array | null>
  /** Answers messages of a kind in its own way. */
  answer(type: MessageType, handle: (message: Message) => Promise<Message | undefined>): void
  /** Tells everybody of peers that it makes up, until the returned function is called. */
  invent(): () => void
  /** Stores nothing, and answers questions for a value with this; null: as if it had none. */
  claim(claimFor: (key: string) => Uint8Array | null): void
}

export interface AttackOptions {
  /** Nobody learns of it, so nobody asks it. @default false */
  readonly hidden?: boolean
}

/** Starts a node without any guard in the network of these seeds. */
export async function attack(seeds: readonly string[], { hidden = false }: AttackOptions = {}): Promise<Attacker> {
  const acceptAll = async () => undefined
  const first = () => 0
  const service = kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: hidden,
    peerInfoMapper: passthroughMapper,
    kBucketSize: 8,
    networkDialTimeout: { minTimeout: REQUEST_TIMEOUT_MS },
    allowQueryWithZeroPeers: true,
    validators: Object.fromEntries(Object.values(NAMESPACES).map((namespace) => [namespace, acceptAll])),
    selectors: Object.fromEntries(Object.values(NAMESPACES).map((namespace) => [namespace, first])),
  })
  const carrier = await hostFor(service, { deviceKey: await generateDeviceKey() })
  await carrier.start()
  await Promise.all(seeds.map((seed) => carrier.libp2p.dial(multiaddr(seed))))
  const { dht } = carrier.libp2p.services
  const { rpc, network, routingTable } = inside(dht)
  // Becomes as well known as anybody.
  for (const { remotePeer } of carrier.libp2p.getConnections()) await routingTable.add(remotePeer)
  for await (const _ of dht.getClosestPeers(carrier.libp2p.peerId.toMultihash().bytes));

  async function tell(target: Target, message: Message): Promise<Answer | null> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    await carrier.libp2p.dial(
      target.addresses().map((address) => multiaddr(address)),
      { signal },
    )
    for await (const answer of network.sendRequest(peerIdFromString(target.peerId), message, { signal, path: {} })) {
      if (answer.name === 'PEER_RESPONSE') return answer
      if (signal.aborted || answer.error?.name === 'TimeoutError') throw answer.error
    }
    return null
  }

  return {
    carrier,
    tell,
    put: async (target, key, value) =>
      (await tell(target, { type: MessageType.PUT_VALUE, key, record: recordOf(key, value) })) !== null,
    async stored(target, key) {
      const answer = await tell(target, { type: MessageType.GET_VALUE, key })
      return answer?.record?.value ?? null
    },
    answer(type, handle) {
      rpc.handlers[type] = { handle: (_, message) => handle(message) }
    },
    invent() {
      const honest = rpc.handlers[MessageType.FIND_NODE]!
      const closer = Array.from({ length: 10 }, inventPeer)
      const handle = async () => ({ type: MessageType.FIND_NODE, closer, providers: [] })
      rpc.handlers[MessageType.FIND_NODE] = { handle }
      return () => {
        rpc.handlers[MessageType.FIND_NODE] = honest
      }
    },
    claim(claimFor) {
      rpc.handlers[MessageType.PUT_VALUE] = { handle: () => Promise.reject(new Error('no correction')) }
      rpc.handlers[MessageType.GET_VALUE] = {
        async handle(_, { key = new Uint8Array() }) {
          const value = claimFor(utf8Decode(key))
          const answer = { type: MessageType.GET_VALUE, key, closer: [], providers: [] }
          return value === null ? answer : { ...answer, record: recordOf(key, value) }
        },
      }
    },
  }
}

function inside(kad: KadDHT): Inside {
  return kad as unknown as Inside
}

function recordOf(key: Uint8Array, value: Uint8Array): Uint8Array {
  return new KadRecord(key, value, new Date()).serialize()
}

/** An Ed25519 peer id at an address where nobody listens. */
function inventPeer() {
  const id = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...randomBytes(32))
  return { id, multiaddrs: [multiaddr('/ip4/127.0.0.1/tcp/1').bytes] }
}
