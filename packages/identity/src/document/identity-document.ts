import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import type { Idurl } from '../names/idurl.ts'

/** What the owner of an identity writes into it; the rest follows from his key. */
export interface IdentityFields {
  /** Where his machines are reached, most wanted first: `tcp://123.45.67.89:7771`. At most 16. See `parseContact`. */
  readonly contacts: readonly string[]
  /** Where the document is published, 1 to 6, no two equal, one name in all. The first is the current IDURL. */
  readonly sources: readonly Idurl[]
  /** Device certificates, see `openCertificate`. At most 16. */
  readonly certificates: readonly string[]
  /** Up to 8 suppliers, a second way to the family. */
  readonly scrubbers: readonly string[]
  /** Price of a message in the original; kept, not used. */
  readonly postage: string
  /** When the document was written, see `formatIdentityDate`. For people. */
  readonly date: string
  /** Software that wrote the document. For people. */
  readonly version: string
  /** Rises with every change; a lower one never replaces a higher one. 0 also stands for a document without the element. */
  readonly revision: number
}

/** An identity document that its own key signed. Made only by `openIdentity` and `signIdentity`. */
export interface IdentityDocument extends IdentityFields {
  readonly publicKey: RsaPublicKey
  /** SHA-256 over the public key: the stable id of the identity, whatever its IDURL is now. */
  readonly fingerprint: Fingerprint
  /** The signature as the document writes it: a decimal number. */
  readonly signature: string
  /** The document exactly as it was read or written; served, cached and compared as such. Not to be changed. */
  readonly bytes: Uint8Array
}
