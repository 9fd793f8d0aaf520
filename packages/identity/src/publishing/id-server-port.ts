import type { Idurl } from '../names/idurl.ts'

/** What publishing needs of ID-servers; `createIdServerClient` of `@bitdust/idserver` is one. */
export interface IdServerPort {
  /**
   * Whether a server is alive.
   * @param server - As `parseIdServer` writes it: `http://host[:port]`.
   */
  probe(server: string, options: { readonly signal: AbortSignal }): Promise<boolean>
  /**
   * @returns What an IDURL serves, unverified; null when its server says there is nothing.
   * @throws When the server did not answer.
   */
  fetch(idurl: Idurl, options: { readonly signal: AbortSignal }): Promise<Uint8Array | null>
  /**
   * Puts a document under an IDURL.
   * @throws With the codes `IdentityNameTaken` (another key holds the name), `IdentityRollback` (it holds this revision
   *   with other bytes, or a later one), and others when the server did not answer or refused for another reason.
   */
  publish(idurl: Idurl, bytes: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>
}
