/** What calls that wait take. */
export interface WaitOptions {
  /** Gives up waiting; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * One ordered, reliable, two-way flow of bytes with backpressure. One reader and one writer at a time.
 * After a reset by the peer, `read` still gives what had arrived and then throws.
 */
export interface ByteStream {
  /** Aborted, with the cause as reason, as soon as the stream is of no more use: aborted here, reset by the peer, connection lost. */
  readonly closed: AbortSignal
  /**
   * The next bytes, as they arrived and at most `maxBytes` of them; `null` when the peer closed its side.
   * The caller may keep the array and must not write into it.
   */
  read(maxBytes?: number, options?: WaitOptions): Promise<Uint8Array | null>
  /** Exactly `size` bytes. Throws `PacketMalformed` when the peer closes its side before. */
  readExactly(size: number, options?: WaitOptions): Promise<Uint8Array>
  /** Resolves when the peer's window had room for all bytes. The array is not kept after that. */
  write(bytes: Uint8Array, options?: WaitOptions): Promise<void>
  /** Tells the peer that no more bytes follow; reading goes on. */
  closeWrite(): Promise<void>
  /** Ends both directions at once. Pending and later calls here throw `error`; the peer sees a reset. Idempotent. */
  abort(error: Error): void
}

/** One connection to a peer whose id the carrier has authenticated. */
export interface CarrierConnection {
  readonly remotePeerId: string
  /** True when the peer dialed. */
  readonly inbound: boolean
  /** Where the peer is, for logs; a multiaddr. */
  readonly remoteAddress?: string
  /** Opens a stream. Throws `VersionUnsupported` when the peer does not know the protocol, `Timeout` when the connection is gone. */
  open(protocol: string, options: { readonly signal: AbortSignal }): Promise<ByteStream>
  /** Closes the connection and resets its streams. Idempotent. */
  close(): Promise<void>
  /** Calls back once, when the connection is gone whoever closed it; at once when it already is. */
  onClose(callback: () => void): void
}

/** Called for each stream that a peer opens. Whatever it throws resets the stream. */
export type StreamHandler = (stream: ByteStream, connection: CarrierConnection) => void | Promise<void>

/** Moves bytes between peer ids that it has authenticated. Implementations run `carrierConformance`. */
export interface Carrier {
  /** Own peer id: the text form of the device's public key. */
  readonly peerId: string
  /** Starts listening. Idempotent. */
  start(): Promise<void>
  /** Closes every connection and stops listening. Idempotent. */
  stop(): Promise<void>
  /** Own multiaddrs, each ending in `/p2p/<peer id>`. Empty before `start`. */
  addresses(): readonly string[]
  /**
   * Connects to a peer, or returns a connection that already exists.
   *
   * @param addresses - Multiaddrs, with or without `/p2p/`; may be empty when a connection exists or the carrier knows some.
   * @throws {TransportError} `Timeout` when nobody answers, `PeerIdentityMismatch` when somebody else does, `Cancelled` with the signal.
   */
  dial(
    peerId: string,
    addresses: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<CarrierConnection>
  /** Sets the handler of a protocol. To be called before `start`. */
  handle(protocol: string, handler: StreamHandler): void
  /** Calls back for every new connection, inbound and outbound. */
  onConnection(callback: (connection: CarrierConnection) => void): void
}
