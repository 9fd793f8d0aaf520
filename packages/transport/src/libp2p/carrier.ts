import type { DeviceKey } from '@bitdust/crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Connection, Libp2p, ServiceMap } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import type { Carrier, CarrierConnection, StreamHandler } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { cancelled } from '../timeout.ts'
import { adaptStream } from './byte-stream.ts'
import { createWitnessedNoise, type WitnessedNoise } from './encrypter.ts'
import { dialFailure, openFailure } from './failures.ts'
import { createGater } from './gater.ts'
import { DEFAULT_LIBP2P_LIMITS, type Libp2pLimits, PRIVATE_LIBP2P_LIMITS } from './limits.ts'

/** Both ends must agree: it is what a writer assumes before the reader has said anything. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024
/** A paused stream holds what the window allowed, never more; above this yamux resets it. */
const READ_BUFFER_BYTES = STREAM_WINDOW_BYTES + 1024 * 1024
/** A writer that ignores the backpressure of libp2p loses the stream here instead of filling the memory. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024
const STREAMS_PER_CONNECTION = 128
const STREAMS_PER_PROTOCOL = 32
/** A node that codes a large block may not answer a ping for some seconds; that is no reason to drop its transfers. */
const PING_TIMEOUT_MS = 20_000

/** Services that every carrier has. */
type OwnServices = { identify: Identify; ping: Ping }

export interface Libp2pCarrierOptions<Services extends ServiceMap> {
  /** The device whose key is the libp2p key: the peer id is derived from it. */
  readonly deviceKey: DeviceKey
  /** Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/tcp/7771`; port 0 takes any. None: only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those listened on. */
  readonly announce?: readonly string[]
  /** Lets it dial loopback and private addresses, and counts nothing per address. @default false */
  readonly allowPrivate?: boolean
  readonly limits?: Partial<Libp2pLimits>
  /** Further libp2p services on the same host, e.g. a DHT. */
  readonly services?: Pick<ServiceFactoryMap<Services & OwnServices>, keyof Services>
}

/** A carrier with the libp2p host behind it, for services that share it. */
export type Libp2pCarrier<Services extends ServiceMap> = Carrier & { readonly libp2p: Libp2p<Services & OwnServices> }

/** Makes a carrier; nothing listens or dials before `start()`. */
export async function createLibp2pCarrier<Services extends ServiceMap = Record<never, never>>({
  deviceKey,
  listen,
  announce = [],
  allowPrivate = false,
  limits: changedLimits,
  services,
}: Libp2pCarrierOptions<Services>): Promise<Libp2pCarrier<Services>> {
  const limits = { ...(allowPrivate ? PRIVATE_LIBP2P_LIMITS : DEFAULT_LIBP2P_LIMITS), ...changedLimits }
  const noise = createWitnessedNoise()
  const ownServices: ServiceFactoryMap<OwnServices> = { identify: identify(), ping: ping() }
  const libp2p = await createLibp2p<Services & OwnServices>({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', deviceKey.seed),
    addresses: { listen: [...listen], announce: [...announce] },
    transports: [tcp()],
    connectionEncrypters: [noise.encrypter],
    streamMuxers: [
      yamux({
        maxInboundStreams: STREAMS_PER_CONNECTION,
        maxOutboundStreams: STREAMS_PER_CONNECTION,
        streamOptions: {
          initialStreamWindowSize: STREAM_WINDOW_BYTES,
          maxStreamWindowSize: STREAM_WINDOW_BYTES,
          maxReadBufferLength: READ_BUFFER_BYTES,
          maxWriteBufferLength: WRITE_BUFFER_BYTES,
        },
      }),
    ],
    connectionGater: createGater({ allowPrivate, limits }),
    connectionManager: {
      maxConnections: limits.maxConnections,
      maxIncomingPendingConnections: limits.maxPendingConnections,
      inboundConnectionThreshold: limits.maxConnectionsPerAddressPerSecond,
      inboundUpgradeTimeout: limits.handshakeTimeoutMs,
    },
    connectionMonitor: { pingTimeout: { minTimeout: PING_TIMEOUT_MS } },
    // The two maps together are the map of all services; TypeScript cannot merge mapped types over a type parameter.
    services: { ...services, ...ownServices } as ServiceFactoryMap<Services & OwnServices>,
  })
  return Object.assign(adaptHost(libp2p, noise), { libp2p })
}

function adaptHost(libp2p: Libp2p, noise: WitnessedNoise): Carrier {
  const peerId = libp2p.peerId.toString()
  const handlers = new Map<string, StreamHandler>()
  const adapted = new WeakMap<Connection, CarrierConnection>()

  /** One object per connection, however often libp2p hands it out. */
  function adapt(connection: Connection): CarrierConnection {
    const known = adapted.get(connection) ?? adaptConnection(connection)
    adapted.set(connection, known)
    return known
  }

  return {
    peerId,
    async start() {
      if (libp2p.status !== 'stopped') return
      for (const [protocol, handler] of handlers) {
        await libp2p.handle(protocol, (stream, connection) => handler(adaptStream(stream), adapt(connection)), {
          force: true,
          maxInboundStreams: STREAMS_PER_PROTOCOL,
        })
      }
      await libp2p.start()
    },
    async stop() {
      await Promise.all(libp2p.getConnections().map(closeConnection))
      await libp2p.stop()
    },
    addresses: () => libp2p.getMultiaddrs().map(String),
    async dial(remotePeerId, addresses, { signal }) {
      const target = addresses.length === 0 ? peerIdFromString(remotePeerId) : withPeerId(addresses, remotePeerId)
      try {
        const connection = await libp2p.dial(target, { signal })
        noise.takeStranger(remotePeerId)
        return adapt(connection)
      } catch (error) {
        if (signal.aborted) throw cancelled(`dialing ${remotePeerId}`, signal)
        throw dialFailure(error, remotePeerId, noise.takeStranger(remotePeerId))
      }
    },
    handle(protocol, handler) {
      handlers.set(protocol, handler)
    },
    onConnection(callback) {
      libp2p.addEventListener('connection:open', ({ detail }) => callback(adapt(detail)))
    },
  }
}

function adaptConnection(connection: Connection): CarrierConnection {
  const remotePeerId = connection.remotePeer.toString()
  return {
    remotePeerId,
    inbound: connection.direction === 'inbound',
    remoteAddress: connection.remoteAddr.toString(),
    async open(protocol, { signal }) {
      try {
        return adaptStream(await connection.newStream([protocol], { signal, maxOutboundStreams: STREAMS_PER_PROTOCOL }))
      } catch (error) {
        throw openFailure(error, remotePeerId, protocol, signal)
      }
    },
    close: () => closeConnection(connection),
    onClose(callback) {
      if (connection.status === 'open') connection.addEventListener('close', () => callback(), { once: true })
      else callback()
    },
  }
}

/** libp2p 3.3 may wait in vain for a socket that the peer closes at the same moment, so the event of the closing counts, too. */
async function closeConnection(connection: Connection): Promise<void> {
  if (connection.status !== 'open') return
  const gone = new Promise((resolve) => connection.addEventListener('close', resolve, { once: true }))
  await Promise.race([gone, connection.close().catch((error) => connection.abort(error))])
}

/** Every address with the expected peer id at its end, so that libp2p accepts no other. Throws for another id in it. */
function withPeerId(addresses: readonly string[], peerId: string): Multiaddr[] {
  return addresses.map((text) => {
    const address = parseMultiaddr(text)
    const named = address.getComponents().findLast(({ name }) => name === 'p2p')?.value
    if (named === undefined) return address.encapsulate(`/p2p/${peerId}`)
    if (named === peerId) return address
    throw new TransportError('PeerIdentityMismatch', `address of ${named}, expected one of ${peerId}`)
  })
}

function parseMultiaddr(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new TransportError('NotFound', `not a multiaddr: ${text.slice(0, 100)}`, { cause })
  }
}
