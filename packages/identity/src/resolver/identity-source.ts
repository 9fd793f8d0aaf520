import type { Fingerprint } from '@bitdust/crypto'
import type { Idurl } from '../names/idurl.ts'

/** What a source is asked for: the document at an address, or the newest document of a key. */
export type IdentityQuery = { readonly idurl: Idurl } | { readonly fingerprint: Fingerprint }

/** A way to get identity documents: HTTP, DHT. Nothing it answers is believed before it is verified. */
export interface IdentitySource {
  /** For messages and logs: `http`, `dht`. */
  readonly name: string
  /**
   * Asks for a document.
   *
   * An answer to `{ idurl }` means that this very address served it, and is null from sources which cannot say so.
   *
   * @returns The bytes, at most 64 KiB; null when there is nothing, or when this kind of query is not served here.
   * @throws When it could not be asked: no connection, no answer in time.
   */
  fetch(query: IdentityQuery, options: { readonly signal: AbortSignal }): Promise<Uint8Array | null>
}
