import { type DeviceKey, equalBytes, type Fingerprint } from '@bitdust/crypto'
import { type Caller, isCertificateCurrent, type PeerRef, type SignedIdentity } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { ByteStream, Carrier, CarrierConnection } from './carrier.ts'
import { isTransportError, TransportError } from './errors.ts'
import type { TransportEventTarget } from './events.ts'
import type { RegisteredHandler } from './exchange/admission.ts'
import { requestOn } from './exchange/request.ts'
import { servePackets } from './exchange/serve.ts'
import { createPeerGuard } from './guard/peer-guard.ts'
import { createReplayGuard } from './guard/replay-guard.ts'
import { createGreeter } from './hello/greeter.ts'
import type { KnownIdentities } from './hello/verify.ts'
import { DEFAULT_LIMITS, MAX_CONNECTIONS_PER_PEER, MAX_STREAMS_PER_PEER, type TransportLimits } from './limits.ts'
import { type Logger, silentLogger } from './logger.ts'
import type { HandlerOptions, OutgoingPacket, PacketHandler, ReceivedReply } from './packet/messages.ts'
import { HELLO_PROTOCOL, PACKET_PROTOCOL } from './protocols.ts'
import { watchRevocations } from './session/revocations.ts'
import { createSession, type Session } from './session/session.ts'
import { createSessions, type GreetedSession, isGreeted } from './session/sessions.ts'
import { waitFor, withTimeout } from './timeout.ts'

export interface TransportOptions {
  /** Moves the bytes; started and stopped with the transport. Its peer id must be that of `deviceKey`. */
  readonly carrier: Carrier
  readonly deviceKey: DeviceKey
  /** Own identity as it is now; its certificates name this device. Asked for each request: when it changed, peers are shown the new one first. */
  readonly identity: () => Promise<SignedIdentity>
  /** Judges the documents that peers show, and tells of newer ones: a device that its identity names no more loses its connections. */
  readonly resolver: KnownIdentities
  /** Where a peer may be found: multiaddrs, best first; none when unknown. */
  readonly locate: (peer: PeerRef, options: { readonly signal: AbortSignal }) => Promise<readonly string[]>
  readonly clock: Clock
  /** @default nothing is logged */
  readonly logger?: Logger
  readonly limits?: Partial<TransportLimits>
}

export interface RequestOptions {
  /** Stops waiting and resets the stream; the call throws `Cancelled`. */
  readonly signal?: AbortSignal
  /** Longest wait without progress until the reply begins, in ms. @default 30_000 */
  readonly timeoutMs?: number
}

/** A device and where it may be found. */
export interface PeerAddress {
  readonly peerId: string
  /** Multiaddrs, best first. */
  readonly addresses: readonly string[]
}

/** Finds the addresses of a device. */
type FindAddresses = (signal: AbortSignal) => Promise<readonly string[]>

/** Authenticated requests between identities. */
export interface Transport {
  readonly peerId: string
  readonly events: TransportEventTarget
  /** Starts carrier and handlers. Idempotent. */
  start(): Promise<void>
  /** Ends everything; what is under way throws `Cancelled` or `Timeout`. Idempotent; a stopped transport does not start again. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /** Sets the handler of a command. One per command. */
  handle(command: string, handler: PacketHandler, options?: HandlerOptions): void
  /**
   * Sends a request and waits for the reply; connects first if need be.
   *
   * @throws {TransportError} Codes with which the peer refuses, and: `NotFound` no address known · `Timeout` nobody
   *   answers, or too late; retryable · `PeerIdentityMismatch` somebody else answers · `Cancelled` · `SignatureInvalid`,
   *   `WrongAudience`, `ReplayDetected`, `PacketMalformed` a bad reply.
   */
  request(to: PeerRef, packet: OutgoingPacket, options?: RequestOptions): Promise<ReceivedReply>
  /**
   * Connects to a device of which only the peer id and addresses are known, as a walk through a DHT finds them, and
   * learns who it is. Errors as `request`.
   */
  meet(peer: PeerAddress, options?: { readonly signal?: AbortSignal }): Promise<Caller>
  /** Connects if need be and exchanges identities anew: tells that the peer is alive, and who it is now. Errors as `request`. */
  identify(to: PeerRef, options?: { readonly signal?: AbortSignal }): Promise<Caller>
  /** Every device with a greeted connection. */
  connected(): readonly Caller[]
  /** Closes all connections to an identity. */
  disconnect(fingerprint: Fingerprint): Promise<void>
}

/** A stream in use, and where it goes back to. */
interface Lease {
  readonly session: GreetedSession
  readonly stream: ByteStream
}

/** Makes a transport; nothing happens before `start()`. */
export function createTransport({
  carrier,
  deviceKey,
  identity,
  resolver,
  locate,
  clock,
  logger = silentLogger,
  limits: changedLimits,
}: TransportOptions): Transport {
  const limits = { ...DEFAULT_LIMITS, ...changedLimits }
  const handlers = new Map<string, RegisteredHandler>()
  const guard = createPeerGuard(clock, limits)
  const replays = createReplayGuard(clock, { keepMs: 2 * limits.maxClockSkewMs, maxNonces: limits.maxNonces })
  const sessions = createSessions((connection) =>
    createSession(connection, { clock, openTimeoutMs: limits.dialTimeoutMs }),
  )
  const greeter = createGreeter({ identity, resolver, clock, limits, guard, onGreeted })
  const revocations = watchRevocations({ resolver, sessions, clock, logger })
  const dials = new Map<string, Promise<GreetedSession>>()
  const life = new AbortController()
  let starting: Promise<void> | undefined
  let startedAt = 0

  carrier.onConnection(admitConnection)
  carrier.handle(HELLO_PROTOCOL, (stream, connection) => greeter.answer(sessions.of(connection), stream))
  carrier.handle(PACKET_PROTOCOL, serve)

  function onGreeted(session: Session, caller: Caller): void {
    sessions.greeted(session, caller)
    if (!isGreeted(session)) return
    revocations.check(session).catch((error) => logger.debug('a connection could not be checked', { error }))
  }

  /** A peer needs no more than a few connections, however often it dials. */
  async function admitConnection(connection: CarrierConnection): Promise<void> {
    sessions.of(connection)
    const { remotePeerId } = connection
    if (sessions.connectionsTo(remotePeerId).length <= MAX_CONNECTIONS_PER_PEER) return
    logger.debug('too many connections of one peer', { peerId: remotePeerId })
    await connection.close()
  }

  async function serve(stream: ByteStream, connection: CarrierConnection): Promise<void> {
    const session = sessions.of(connection)
    // Twice what a peer may use: streams that it gave up may not have ended here yet.
    if (session.inboundStreams >= 2 * MAX_STREAMS_PER_PEER) {
      throw new TransportError('LimitExceeded', `${connection.remotePeerId} has too many streams`)
    }
    session.inboundStreams += 1
    try {
      if (session.caller === undefined) await session.greeting
      if (!isGreeted(session)) throw new TransportError('PeerIdentityMismatch', 'packets before hello')
      const { fingerprint } = (await identity()).document
      const { peerId } = carrier
      const context = { deviceKey, fingerprint, peerId, handlers, clock, startedAt, limits, guard, replays, logger }
      await servePackets(stream, session, context)
    } catch (error) {
      logger.debug('packet stream ended', { peerId: connection.remotePeerId, error })
      throw error
    } finally {
      session.inboundStreams -= 1
    }
  }

  /** A greeted session with a device, whoever it belongs to. */
  async function sessionAt(
    peerId: string,
    find: FindAddresses,
    signal: AbortSignal | undefined,
  ): Promise<GreetedSession> {
    life.signal.throwIfAborted()
    if (peerId === carrier.peerId) throw new TransportError('NotFound', 'this is our own peer id')
    const existing = sessions.greetedWith(peerId)
    if (existing === undefined) return waitFor(connectOnce(peerId, find), `connecting to ${peerId}`, signal)
    if (!(await isCurrent(existing))) await greetAgain(existing, signal)
    return existing
  }

  /** A greeted session with the peer; the identity behind it is checked against what was asked for. */
  async function sessionWith(to: PeerRef, signal: AbortSignal | undefined): Promise<GreetedSession> {
    const session = await sessionAt(to.peerId, (during) => locate(to, { signal: during }), signal)
    const { fingerprint } = session.caller
    if (fingerprint === to.fingerprint) return session
    throw new TransportError(
      'PeerIdentityMismatch',
      `${to.peerId} is a device of ${fingerprint}, not ${to.fingerprint}`,
    )
  }

  /** Whether both ends still know each other as they are: our document did not change, the peer's certificate holds. */
  async function isCurrent({ caller, shownIdentity }: GreetedSession): Promise<boolean> {
    const { bytes } = await identity()
    const known = bytes === shownIdentity || (shownIdentity !== undefined && equalBytes(bytes, shownIdentity))
    return known && isCertificateCurrent(caller.certificate, clock.now())
  }

  /** The hello goes on when the caller gives up: it is the affair of the connection, not of one request. */
  async function greetAgain(session: GreetedSession, signal: AbortSignal | undefined): Promise<void> {
    const { remotePeerId } = session.connection
    await waitFor(session.greeting ?? greeter.greet(session, life.signal), `hello to ${remotePeerId}`, signal)
  }

  /** Callers who want the same peer share one dial; it goes on when one of them gives up. */
  function connectOnce(peerId: string, find: FindAddresses): Promise<GreetedSession> {
    const running = dials.get(peerId) ?? connect(peerId, find).finally(() => dials.delete(peerId))
    dials.set(peerId, running)
    return running
  }

  async function connect(peerId: string, find: FindAddresses): Promise<GreetedSession> {
    const [existing] = sessions.connectionsTo(peerId)
    if (existing === undefined) return greet(await dial(peerId, find))
    try {
      return await greet(existing)
    } catch (error) {
      // It may have died without anybody noticing.
      if (!isTransportError(error, 'Timeout')) throw error
      return greet(await dial(peerId, find))
    }
  }

  async function greet(connection: CarrierConnection): Promise<GreetedSession> {
    const session = sessions.of(connection)
    await (session.greeting ?? greeter.greet(session, life.signal))
    if (isGreeted(session)) return session
    throw new TransportError('Timeout', `connection to ${connection.remotePeerId} is gone`)
  }

  function dial(peerId: string, find: FindAddresses): Promise<CarrierConnection> {
    const timeout = { clock, ms: limits.dialTimeoutMs, subject: `dialing ${peerId}`, signal: life.signal }
    return withTimeout(timeout, async (signal) => {
      const addresses = await find(signal)
      if (addresses.length === 0) {
        throw new TransportError('NotFound', `no address of ${peerId} is known`, { retryable: true })
      }
      return carrier.dial(peerId, addresses, { signal })
    })
  }

  /** A stream for one exchange. A connection that died without anybody noticing is replaced once. */
  async function acquire(to: PeerRef, signal: AbortSignal | undefined): Promise<Lease> {
    for (let isLast = false; ; isLast = true) {
      const session = await sessionWith(to, signal)
      try {
        return { session, stream: await session.streams.acquire(signal) }
      } catch (error) {
        if (!isTransportError(error, 'Timeout')) throw error
        await session.connection.close()
        if (isLast) throw error
      }
    }
  }

  async function stop(): Promise<void> {
    life.abort(new TransportError('Cancelled', 'transport is stopped'))
    revocations.stop()
    await starting?.catch(() => {})
    await carrier.stop()
  }

  return {
    peerId: carrier.peerId,
    events: sessions.events,
    async start() {
      life.signal.throwIfAborted()
      starting ??= (async () => {
        startedAt = clock.now()
        await carrier.start()
      })()
      await starting
    },
    stop,
    [Symbol.asyncDispose]: stop,
    handle(command, handle, options = {}) {
      if (handlers.has(command)) throw new TypeError(`handle: ${command} has a handler already`)
      handlers.set(command, {
        handle,
        bodyCheck: options.bodyCheck ?? 'hash',
        maxPayloadBytes: options.maxPayloadBytes ?? limits.maxPayloadBytes,
        maxBodyBytes: options.maxBodyBytes ?? limits.maxBodyBytes,
      })
    },
    async request(to, packet, { signal, timeoutMs = limits.replyTimeoutMs } = {}) {
      const { fingerprint } = (await identity()).document
      const { session, stream } = await acquire(to, signal)
      const context = { deviceKey, fingerprint, peerId: carrier.peerId, caller: session.caller, clock, limits }
      return requestOn(stream, packet, context, { timeoutMs, signal, onDone: () => session.streams.release(stream) })
    },
    async meet({ peerId, addresses }, { signal } = {}) {
      return (await sessionAt(peerId, async () => addresses, signal)).caller
    },
    async identify(to, { signal } = {}) {
      const known = sessions.greetedWith(to.peerId)
      if (known !== undefined) await greetAgain(known, signal)
      return (await sessionWith(to, signal)).caller
    },
    connected: () => sessions.callers(),
    disconnect: (fingerprint) => sessions.close(fingerprint),
  }
}
