import type { PeerId } from '@libp2p/interface'
import type { QueryEvent } from '@libp2p/kad-dht'
import { DhtError } from './errors.ts'
import { QUERY_TIMEOUT_MS } from './limits.ts'

export interface AskOptions {
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> }
  /** Ends with the DHT. */
  readonly lifetime: AbortSignal
  /** Told of what ended a question early, when neither the caller nor the DHT did. */
  readonly onError: (error: unknown) => void
  /** Told of peers that did not answer while others did. */
  readonly onSilent: (peer: PeerId) => void
}

/** Puts a question to the network and yields what happens. Gives up with `signal`; after 15 s it ends with what it has. */
export type Ask = (
  question: (options: { readonly signal: AbortSignal }) => AsyncIterable<QueryEvent>,
  signal: AbortSignal | undefined,
) => AsyncGenerator<QueryEvent, void, undefined>

/** Creates the way in which one node asks. */
export function createAsk({ clock, lifetime, onError, onSilent }: AskOptions): Ask {
  return async function* ask(question, signal) {
    const ended = new AbortController()
    const late = new AbortController()
    const given = signal === undefined ? [lifetime] : [lifetime, signal]
    clock.sleep(QUERY_TIMEOUT_MS, AbortSignal.any([ended.signal, ...given])).then(
      () => late.abort(new DhtError('Timeout', `no end within ${QUERY_TIMEOUT_MS} ms`)),
      () => undefined,
    )
    const asked = AbortSignal.any([late.signal, ...given])
    const answered = new Set<string>()
    const silent = new Map<string, PeerId>()
    try {
      for await (const event of question({ signal: asked })) {
        if (event.name === 'PEER_RESPONSE') answered.add(event.from.toString())
        // Whoever answers nonsense (QueryError) is there, and those whom we do not let finish may be.
        if (event.name === 'QUERY_ERROR' && event.error.name !== 'QueryError' && !asked.aborted)
          silent.set(event.from.toString(), event.from)
        yield event
      }
    } catch (error) {
      signal?.throwIfAborted()
      lifetime.throwIfAborted()
      // One peer of many refused, or there is no time left: what came before counts all the same.
      onError(late.signal.aborted ? late.signal.reason : error)
    } finally {
      ended.abort()
      // Without any answer it may be our own connection that is gone.
      if (answered.size > 0) for (const [peerId, peer] of silent) if (!answered.has(peerId)) onSilent(peer)
    }
    signal?.throwIfAborted()
    lifetime.throwIfAborted()
  }
}
