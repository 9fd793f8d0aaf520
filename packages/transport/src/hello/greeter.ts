import { equalBytes, randomBytes, sha256, toHex } from '@bitdust/crypto'
import { type Caller, isCertificateCurrent, type SignedIdentity } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { ByteStream } from '../carrier.ts'
import { isTransportError, TransportError } from '../errors.ts'
import type { PeerGuard } from '../guard/peer-guard.ts'
import type { TransportLimits } from '../limits.ts'
import { errorOfPeer, refusalOf } from '../packet/failure.ts'
import { HELLO_PROTOCOL } from '../protocols.ts'
import type { Session } from '../session/session.ts'
import { withTimeout } from '../timeout.ts'
import { HELLO_NONCE_BYTES, type Hello, readHello, writeHello, writeRefusal } from './message.ts'
import { type KnownIdentities, verifyPeer } from './verify.ts'

/** What the two ends of a hello need. */
export interface GreeterOptions {
  readonly identity: () => Promise<SignedIdentity>
  readonly resolver: Pick<KnownIdentities, 'accept' | 'known'>
  readonly clock: Clock
  readonly limits: TransportLimits
  readonly guard: PeerGuard
  /** Called when a session learned, or confirmed, who its peer is. */
  onGreeted(session: Session, caller: Caller): void
}

/** Exchanges identities on a connection. Whoever fails a check loses the connection. */
export interface Greeter {
  /** Says hello first and waits for the answer. */
  greet(session: Session, signal: AbortSignal): Promise<Caller>
  /** Answers a hello. Settles when it is over; errors end in the connection being closed. */
  answer(session: Session, stream: ByteStream): Promise<void>
}

export function createGreeter(options: GreeterOptions): Greeter {
  const { identity, resolver, clock, limits, guard, onGreeted } = options

  async function ownHello(): Promise<Hello> {
    const { bytes } = await identity()
    return { identity: bytes, nonce: randomBytes(HELLO_NONCE_BYTES) }
  }

  async function recognise(session: Session, { identity: bytes }: Hello): Promise<Caller> {
    const known = session.caller
    const now = clock.now()
    // The same document again, as in a ping, needs no new verification; only time has passed.
    if (known !== undefined && isSame(session.identityBytes, bytes) && isCertificateCurrent(known.certificate, now)) {
      return known
    }
    const caller = await verifyPeer(bytes, session.connection.remotePeerId, { resolver, now })
    if (known !== undefined && known.fingerprint !== caller.fingerprint) {
      throw new TransportError('PeerIdentityMismatch', `device of ${known.fingerprint} now shows ${caller.fingerprint}`)
    }
    session.identityBytes = bytes
    return caller
  }

  function adopt(session: Session, caller: Caller, own: Hello, connectionId: string): Caller {
    if (session.connectionId === '') session.connectionId = connectionId
    session.shownIdentity = own.identity
    session.caller = caller
    onGreeted(session, caller)
    return caller
  }

  /** Remembers the hello that goes on, because the peer may trust us and send packets before we finished with him. */
  async function track(session: Session, greeting: Promise<Caller>): Promise<Caller> {
    session.greeting = greeting
    try {
      return await greeting
    } catch (error) {
      if (!isHarmless(session, error)) await session.connection.close()
      throw error
    } finally {
      if (session.greeting === greeting) session.greeting = undefined
    }
  }

  async function sayHello(session: Session, signal: AbortSignal): Promise<Caller> {
    const { connection } = session
    const timeout = { clock, ms: limits.helloTimeoutMs, subject: `hello to ${connection.remotePeerId}`, signal }
    return withTimeout(timeout, async (limit) => {
      const stream = await connection.open(HELLO_PROTOCOL, { signal: limit })
      return endingWith(stream, limit, async () => {
        const own = await ownHello()
        await writeHello(stream, own)
        const theirs = await readHello(stream)
        if ('code' in theirs) throw errorOfPeer(theirs.code, theirs.message)
        const caller = await recognise(session, theirs)
        return adopt(session, caller, own, connectionIdOf(own, theirs))
      })
    })
  }

  async function answerHello(session: Session, stream: ByteStream): Promise<Caller> {
    const { remotePeerId } = session.connection
    const timeout = { clock, ms: limits.helloTimeoutMs, subject: `hello of ${remotePeerId}` }
    return withTimeout(timeout, (limit) =>
      endingWith(stream, limit, async () => {
        try {
          // First of all, because libp2p cannot open a stream that the peer answers and closes unasked.
          const theirs = await readHello(stream)
          if (guard.banned(remotePeerId) || !guard.takeHello(remotePeerId)) {
            throw new TransportError('RateLimited', 'too many hellos or wrong signatures')
          }
          if ('code' in theirs) throw new TransportError('PacketMalformed', 'a refusal came first')
          const caller = await recognise(session, theirs)
          const own = await ownHello()
          const adopted = adopt(session, caller, own, connectionIdOf(theirs, own))
          await writeHello(stream, own)
          return adopted
        } catch (error) {
          // A peer that is gone need not be told.
          await writeRefusal(stream, refusalOf(error)).catch(() => {})
          throw error
        }
      }),
    )
  }

  return {
    greet: (session, signal) => track(session, sayHello(session, signal)),
    async answer(session, stream) {
      await track(session, answerHello(session, stream))
    },
  }
}

/** Closes our side of the stream after the work; resets it when time is up, so that nothing waits for it any longer. */
async function endingWith<T>(stream: ByteStream, limit: AbortSignal, work: () => Promise<T>): Promise<T> {
  const onAbort = () => stream.abort(limit.reason)
  limit.addEventListener('abort', onAbort, { once: true })
  try {
    return await work()
  } finally {
    limit.removeEventListener('abort', onAbort)
    await stream.closeWrite().catch((error) => stream.abort(error))
  }
}

/** A known peer that is slow, or asked too often, keeps its connection and the transfers on it. */
function isHarmless(session: Session, error: unknown): boolean {
  if (session.caller === undefined) return false
  return isTransportError(error, 'Timeout') || isTransportError(error, 'RateLimited')
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalBytes(a, b)
}

/** The same at both ends, and never the same for two connections. */
function connectionIdOf(opener: Hello, answer: Hello): string {
  return toHex(sha256(opener.nonce, answer.nonce)).slice(0, 32)
}
