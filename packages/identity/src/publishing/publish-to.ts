import { isBitdustError } from '@bitdust/crypto'
import type { Idurl } from '../names/idurl.ts'
import type { IdServerPort } from './id-server-port.ts'

/** What became of a document at one of its sources. */
export interface PublishOutcome {
  readonly source: Idurl
  /**
   * `taken`: another key holds the name. `outrun`: it holds a later revision of ours. `dead`: no answer, or refused.
   * `static`: not sent, because the owner copies it there himself.
   */
  readonly is: 'published' | 'taken' | 'outrun' | 'dead' | 'static'
  /** What the server, or the way to it, answered. Absent when it took the document, and when it was not asked. */
  readonly error?: unknown
}

/** Sends a document to these sources at once. Never rejects but for the signal. */
export function publishTo(
  sources: readonly Idurl[],
  bytes: Uint8Array,
  idServers: Pick<IdServerPort, 'publish'>,
  signal: AbortSignal,
): Promise<readonly PublishOutcome[]> {
  signal.throwIfAborted()
  return Promise.all(
    sources.map(async (source): Promise<PublishOutcome> => {
      try {
        await idServers.publish(source, bytes, { signal })
        return { source, is: 'published' }
      } catch (error) {
        signal.throwIfAborted()
        if (isBitdustError(error, 'IdentityNameTaken')) return { source, is: 'taken', error }
        return { source, is: isBitdustError(error, 'IdentityRollback') ? 'outrun' : 'dead', error }
      }
    }),
  )
}
