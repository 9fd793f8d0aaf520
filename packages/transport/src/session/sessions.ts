import type { Fingerprint } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import type { CarrierConnection } from '../carrier.ts'
import type { TransportEventTarget } from '../events.ts'
import type { Session } from './session.ts'

/** A session whose peer is known. */
export type GreetedSession = Session & { readonly caller: Caller }

/** All connections of the carrier, and who is behind them. */
export interface Sessions {
  readonly events: TransportEventTarget
  /** The session of a connection; made at first sight, gone with the connection. */
  of(connection: CarrierConnection): Session
  /** To be called after every hello. */
  greeted(session: Session, caller: Caller): void
  greetedWith(peerId: string): GreetedSession | undefined
  /** Greeted sessions with any device of an identity. */
  greetedAs(fingerprint: Fingerprint): readonly GreetedSession[]
  /** All connections to a peer, greeted or not. */
  connectionsTo(peerId: string): readonly CarrierConnection[]
  /** One entry per device. */
  callers(): readonly Caller[]
  /** Closes the connections to an identity. */
  close(fingerprint: Fingerprint): Promise<void>
}

/** @param createSession - Makes the session of a connection that was not seen before. */
export function createSessions(createSession: (connection: CarrierConnection) => Session): Sessions {
  const sessions = new Map<CarrierConnection, Session>()
  const events = new EventTarget()
  /** Devices that were reported as connected. */
  const connected = new Map<string, Caller>()

  function forget({ connection }: Session): void {
    sessions.delete(connection)
    const { remotePeerId } = connection
    const caller = connected.get(remotePeerId)
    if (caller === undefined || greetedWith(remotePeerId) !== undefined) return
    connected.delete(remotePeerId)
    events.dispatchEvent(new CustomEvent('peer:disconnect', { detail: caller }))
  }

  function greetedWith(peerId: string): GreetedSession | undefined {
    return sessions
      .values()
      .filter(isGreeted)
      .find(({ connection, isRevoked }) => connection.remotePeerId === peerId && !isRevoked)
  }

  return {
    // Only this module dispatches, so the details are what the types say.
    events: events as TransportEventTarget,
    of(connection) {
      const known = sessions.get(connection)
      if (known !== undefined) return known
      const session = createSession(connection)
      sessions.set(connection, session)
      connection.onClose(() => forget(session))
      return session
    },
    greeted({ connection }, caller) {
      if (!sessions.has(connection)) return
      const isNew = !connected.has(connection.remotePeerId)
      connected.set(connection.remotePeerId, caller)
      if (isNew) events.dispatchEvent(new CustomEvent('peer:connect', { detail: caller }))
    },
    greetedWith,
    greetedAs: (fingerprint) => [
      ...sessions
        .values()
        .filter(isGreeted)
        .filter(({ caller }) => caller.fingerprint === fingerprint),
    ],
    connectionsTo: (peerId) => [...sessions.keys().filter(({ remotePeerId }) => remotePeerId === peerId)],
    callers: () => [...connected.values()],
    async close(fingerprint) {
      const theirs = [...sessions.values()].filter(({ caller }) => caller?.fingerprint === fingerprint)
      await Promise.all(theirs.map(({ connection }) => connection.close()))
    },
  }
}

/** True after the first hello. */
export function isGreeted(session: Session): session is GreetedSession {
  return session.caller !== undefined
}
