import { type Caller, type DeviceCertificate, deviceOf, type IdentityDocument } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { KnownIdentities } from '../hello/verify.ts'
import type { Logger } from '../logger.ts'
import type { Session } from './session.ts'
import type { GreetedSession, Sessions } from './sessions.ts'

export interface RevocationsOptions {
  readonly resolver: Pick<KnownIdentities, 'known' | 'onNewer'>
  readonly sessions: Pick<Sessions, 'greeted' | 'greetedAs'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

/** Keeps what connections know of their peers up to date: a device which its identity names no more loses them. */
export interface Revocations {
  /** To be called after a hello: a newer document may have come in while it went on. */
  check(session: GreetedSession): Promise<void>
  /** Ends the watching. */
  stop(): void
}

/** Watches the resolver: whatever newer document comes in, from whomever, counts for open connections at once. */
export function watchRevocations({ resolver, sessions, clock, logger }: RevocationsOptions): Revocations {
  const stop = resolver.onNewer((document) => {
    for (const session of sessions.greetedAs(document.fingerprint)) judge(session, document).catch(report)
  })

  async function judge(session: GreetedSession, document: IdentityDocument): Promise<void> {
    const { caller } = session
    if (document.revision <= caller.identity.revision) return
    const certificate = await certificateIn(document, caller)
    // A hello that ended meanwhile may have brought another one that is newer still.
    if (document.revision <= session.caller.identity.revision) return
    if (certificate === null) return revoke(session)
    const open: Session = session
    open.caller = { ...caller, identity: document, certificate }
    sessions.greeted(session, open.caller)
  }

  /** Mostly the certificate stands there as it did, and need not be verified again. */
  async function certificateIn(
    document: IdentityDocument,
    { device, certificate }: Caller,
  ): Promise<DeviceCertificate | null> {
    return document.certificates.includes(certificate.text) ? certificate : deviceOf(document, device, clock.now())
  }

  async function revoke(session: GreetedSession): Promise<void> {
    session.isRevoked = true
    logger.debug('a device was revoked', { peerId: session.caller.peerId })
    await session.connection.close()
  }

  function report(error: unknown): void {
    logger.debug('a connection could not be checked', { error })
  }

  return {
    async check(session) {
      const newest = await resolver.known(session.caller.fingerprint)
      if (newest !== undefined) await judge(session, newest)
    },
    stop,
  }
}
