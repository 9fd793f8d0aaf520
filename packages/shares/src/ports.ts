import type { Fingerprint, RsaPrivateKey, RsaPublicKey } from '@bitdust/crypto'
import type { Caller, Idurl, KeyRing, PeerRef, Resolver } from '@bitdust/identity'
import type { LocationId, MemberLine } from '@bitdust/records'

/** What every call into the network takes. */
export interface CallOptions {
  /** Gives up the call, which rejects with the signal's reason or with an error for it. */
  readonly signal: AbortSignal
}

/** Who we are. Only where the master key lives can shares be made, given and received. */
export interface ShareSelf {
  readonly fingerprint: Fingerprint
  /** Peer id of this device. */
  readonly peerId: string
  readonly masterPublicKey: RsaPublicKey
  /** Null on an enrolled device: the master key stays where it is, and what needs it throws `Unauthorized` here. */
  readonly masterKey: RsaPrivateKey | null
  /** What is meant for this device is sealed to it: the master key where that lives, else the key in the device's certificate. */
  readonly encryptionKey: RsaPrivateKey
  /** Own IDURL of the moment. @default the one that {@link Identities} knows of the own fingerprint */
  idurl?(): Idurl
}

/** Identities of others, and which keys are theirs. `createResolver` of `@bitdust/identity` makes one. */
export type Identities = Pick<Resolver, 'resolve' | 'primary'>

/** The RSA keys of this node. `createKeyRing` of `@bitdust/identity` makes one. */
export type ShareKeys = Pick<KeyRing, 'add' | 'get' | 'list'>

/** A packet to another node. */
export interface OutgoingPacket {
  readonly command: string
  /** Whose key or data it is about. Nobody gets a right from it. */
  readonly owner: Fingerprint
  readonly payload: Uint8Array
}

/** The answer to a packet. */
export interface OutgoingReply {
  readonly command: string
  readonly payload: Uint8Array
}

/** The answer of another node. */
export interface ReceivedReply extends OutgoingReply {
  /** Gives up a body that came with it. Idempotent. */
  cancel(): void
}

/** Sends packets and waits for the answer. `Transport` of `@bitdust/transport` is one. */
export interface PacketSender {
  request(to: PeerRef, packet: OutgoingPacket, options: CallOptions): Promise<ReceivedReply>
  /** Connects if need be and exchanges identities anew: tells that the device is there, and whose it is. */
  identify(to: PeerRef, options: CallOptions): Promise<Pick<Caller, 'fingerprint'>>
}

/** Answers one packet; what it throws with one of our codes is sent as refusal. */
export type PacketHandler = (caller: Caller, packet: { readonly payload: Uint8Array }) => Promise<OutgoingReply>

/** Gives packets to whoever handles their command. `Transport` of `@bitdust/transport` is one. */
export interface PacketRouter {
  handle(command: string, handler: PacketHandler, options: { readonly maxBodyBytes: number }): void
}

/** What sharing sees of a place where files live; the newest state that is known. */
export interface ShareLocation {
  readonly id: LocationId
  readonly owner: Fingerprint
  /** `master`, or the alias of the share key. */
  readonly alias: string
  /** A name for people. */
  readonly label: string
  /** Whether we are the owner. */
  readonly mine: boolean
  /** Newest generation that we can read, from 1. */
  readonly generation: number
  /** The key of that generation; null for the private location on an enrolled device. */
  readonly key: RsaPrivateKey | null
  /** The owner's family record. */
  family(options: CallOptions): Promise<{ readonly bytes: Uint8Array; readonly body: { readonly revision: number } }>
}

/**
 * The places of which we hold the key. `customer.locations` of `@bitdust/customer` is one. `L` is what it makes of a
 * location; it gets back only those that came from it.
 */
export interface ShareLocations<L extends ShareLocation = ShareLocation> {
  /** Makes a share of ours; resolves when its header and empty member list are at enough suppliers. Idempotent for one key. */
  create(
    location: CallOptions & { readonly alias: string; readonly key: RsaPrivateKey; readonly label: string },
  ): Promise<L>
  /** Opens a share that was given to us. Idempotent. Throws with `retryable` while it may work later. */
  adopt(
    location: CallOptions & {
      readonly owner: Fingerprint
      readonly alias: string
      readonly key: RsaPrivateKey
      readonly generation: number
      readonly label?: string
      /** The owner's family record, as it came with the grant. */
      readonly family?: Uint8Array
    },
  ): Promise<L>
  /** Null: not ours and not adopted. */
  get(id: LocationId): Promise<L | null>
  list(): Promise<readonly L[]>
  /** The newest lines that we know of; for our own they are at enough suppliers. */
  members(location: L): Promise<readonly MemberLine[]>
  /** Changes the member list of a location of ours; resolves when it is, with the public keys, at enough suppliers. */
  setMembers(
    location: L,
    change: (lines: readonly MemberLine[]) => readonly MemberLine[],
    options: CallOptions,
  ): Promise<void>
}

/** A file as the list of a share names it. */
export interface SharedFile {
  /** Path inside the share. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'symlink'
  /** Bytes; of a folder, the sum of everything in it. */
  readonly size: number
}

/** What is in a location. `Customer` of `@bitdust/customer` is one. */
export interface ShareFiles<L extends ShareLocation = ShareLocation> {
  /** What is in a folder of a location; `''` is all of it, one level deep. */
  list(path: string, options: CallOptions & { readonly location: L }): AsyncIterable<SharedFile>
}

/** Where grants that are being accepted outlive the process. `KeyValueStore` of `@bitdust/upkeep` is one. */
export interface ShareStore {
  get(key: string): Promise<Uint8Array | null>
  /** All or nothing; durable when it resolves. Deleting what is not there is no error. */
  batch(
    changes: readonly ({ readonly put: string; readonly value: Uint8Array } | { readonly delete: string })[],
  ): Promise<void>
  /** Pairs in the order of their keys. */
  list(range: { readonly prefix: string }): AsyncIterable<readonly [key: string, value: Uint8Array]>
}
