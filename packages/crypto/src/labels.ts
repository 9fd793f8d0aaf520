/**
 * Every domain-separation label of the project. A label says what a signature, a key or a ciphertext is for, so that
 * none of them can be used in another role.
 *
 * BE CONSERVATIVE: changing a label makes data and signatures of older versions unreadable. Add, never change; the
 * test `labels.test.ts` pins each one.
 */
export const LABELS = {
  /** Segments of an encrypted block (AAD). */
  block: 'bitdust/block/v1',
  /** The hash that names a block. */
  blockId: 'bitdust/block-id/v1',
  /** A block's key sealed to a public key. */
  blockKey: 'bitdust/block-key/v1',
  /** The hash that names a location. */
  location: 'bitdust/location/v1',
  /** A block's signed layout. */
  layout: 'bitdust/layout/v1',
  /** A location header, signed by the owner. */
  header: 'bitdust/header/v1',
  /** A location secret sealed to a key, or to an older secret. */
  secret: 'bitdust/secret/v1',
  /** The private part of a location's key, sealed to owner, device or member. */
  generationKey: 'bitdust/generation-key/v1',
  /** A manifest node: signature and encryption. */
  manifest: 'bitdust/manifest/v1',
  /** A journal entry: signature and hash chain. */
  journalEntry: 'bitdust/journal-entry/v1',
  /** Encryption of a journal entry's payload under the location secret. */
  entryKey: 'bitdust/entry-key/v1',
  /** A journal entry of somebody who holds the public part only. */
  droppedEntry: 'bitdust/dropped-entry/v1',
  /** The table of the content-defined chunking, derived from the first location secret. */
  cutTable: 'bitdust/cut-table/v1',
  /** The key under which a device recognises content that it has stored before, derived from the first location secret. */
  reuse: 'bitdust/reuse/v1',
  /** The file name of a fragment at a supplier. */
  fragmentName: 'bitdust/fragment-name/v1',
  /** A service packet. */
  packet: 'bitdust/packet/v1',
  /** The first message of a channel. */
  hello: 'bitdust/hello/v1',
  /** An identity document. */
  identity: 'bitdust/identity/v1',
  /** A device certificate. */
  certificate: 'bitdust/certificate/v1',
  /** A request to enrol a device. */
  enrolment: 'bitdust/enrolment/v1',
  /** Revocation of a device or a key. */
  revocation: 'bitdust/revocation/v1',
  /** The list of a customer's suppliers. */
  family: 'bitdust/family/v1',
  /** A storage contract, signed by both. */
  contract: 'bitdust/contract/v1',
  /** A supplier's offer. */
  offer: 'bitdust/offer/v1',
  /** A supplier's statement that it stored something. */
  receipt: 'bitdust/receipt/v1',
  /** The list of who may use a location. */
  members: 'bitdust/members/v1',
  /** A share key handed to somebody: signature and seal. */
  grant: 'bitdust/grant/v1',
  /** Proof of holding a share key. */
  accessProof: 'bitdust/access-proof/v1',
  /** Audit of a key, private part by signature, public part by HMAC. */
  keyAudit: 'bitdust/key-audit/v1',
  /** Audit of stored fragments. */
  storageAudit: 'bitdust/storage-audit/v1',
  /** Permission to repair while the owner is away. */
  ticket: 'bitdust/ticket/v1',
  /** A sign-in at a web site, for one origin. */
  login: 'bitdust/login/v1',
  /** An item in somebody's mailbox. */
  mailboxItem: 'bitdust/mailbox-item/v1',
  /** A record in the DHT: signature and key. */
  dhtRecord: 'bitdust/dht-record/v1',
  /** A key file that is protected by a passphrase (AAD). */
  keyFile: 'bitdust/key-file/v1',
  /** Segments of an encrypted stream (AAD). */
  stream: 'bitdust/stream/v1',
  /** The content key of an encrypted stream, wrapped for a public key. */
  streamKey: 'bitdust/stream-key/v1',
} as const
