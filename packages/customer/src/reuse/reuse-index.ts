import { hkdfSha256, hmacSha256, LABELS, toBase64Url, utf8Encode } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import {
  type BlockId,
  blockId,
  bytes,
  choice,
  defineMessage,
  type Extent,
  integer,
  isRecordError,
  type LocationId,
  MAX_BLOCK_BYTES,
  parseHash,
  struct,
  supplierCount,
  timestamp,
  uint,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { Location } from '../locations/types.ts'

// Keys:  reuse/piece/<location>/<digest>   where the content with this digest stands
//        reuse/block/<location>/<block>    a block that this device sealed

/** Content as this device recognises it: HMAC-SHA-256 under a key of the location, base64url. */
export type PieceDigest = string

/** A block that this device sealed. */
export interface SealedByUs {
  readonly block: BlockId
  /** `begun`: fragments were sent, less than H suppliers confirmed them. `stored`: H did. */
  readonly state: 'begun' | 'stored'
  /** When, in ms since the Unix epoch. */
  readonly at: number
}

/** Content in a block. */
export interface PlacedPiece {
  readonly digest: PieceDigest
  readonly offset: number
  readonly length: number
}

/**
 * What this device stored where, so that the same content is not stored twice. It is a memory, not the truth: nothing is
 * lost with it but time, suppliers are asked before a block is referred to again, and what cannot be read is as good as
 * not there. It holds keys of blocks.
 */
export interface ReuseIndex {
  /** Makes the function that recognises content of a location. */
  digestsOf(location: Location): (content: Uint8Array) => PieceDigest
  /** Where the content stands in a block for `n` suppliers which H of them confirmed. */
  find(location: LocationId, digest: PieceDigest, n: number): Promise<Extent | null>
  /** Notes a block before anything of it is sent: whatever happens then, `blocks` has it. */
  begin(location: LocationId, block: BlockId, n: number): Promise<void>
  /** Notes that H suppliers have a block, and what is in it. */
  stored(
    location: LocationId,
    block: Pick<Extent, 'block' | 'key'>,
    n: number,
    pieces: readonly PlacedPiece[],
  ): Promise<void>
  /** Forgets blocks that suppliers do not have, or that were freed there, with everything that stands in them. */
  forget(location: LocationId, blocks: readonly BlockId[]): Promise<void>
  /**
   * All blocks of a location which this device sealed, referred to by an entry or not: those of puts that failed, too. For
   * whoever frees what no version needs; a block that was sealed less than 7 days ago may belong to a put that goes on.
   */
  blocks(location: LocationId): AsyncIterable<SealedByUs>
}

interface StoredBlock {
  readonly version: number
  readonly state: SealedByUs['state']
  readonly n: number
  readonly at: number
}

interface StoredPiece {
  readonly version: number
  readonly block: BlockId
  readonly key: Uint8Array
  readonly offset: number
  readonly length: number
}

/** Form of a block in the store, version 1. */
const blockMessage = defineMessage(
  struct<StoredBlock>({ version: integer(1, 1), state: choice('begun', 'stored'), n: supplierCount, at: timestamp }),
  'sealed block',
)
/** Form of a piece in the store, version 1. */
const pieceMessage = defineMessage(
  struct<StoredPiece>({
    version: integer(1, 1),
    block: blockId,
    key: bytes(32),
    offset: uint(MAX_BLOCK_BYTES),
    length: integer(1, MAX_BLOCK_BYTES),
  }),
  'stored piece',
)
const MAX_VALUE_BYTES = 1024
const DELETES_AT_ONCE = 512
const DIGEST_KEY_BYTES = 32

export function createReuseIndex(store: KeyValueStore, clock: Clock): ReuseIndex {
  async function blockAt(key: string): Promise<StoredBlock | null> {
    return readable(await store.get(key), blockMessage)
  }

  return {
    digestsOf(location) {
      // The first secret, so that content is recognised whatever the generation.
      const info = utf8Encode(LABELS.reuse)
      const key = hkdfSha256(location.secret(1), { salt: new Uint8Array(0), info, length: DIGEST_KEY_BYTES })
      return (content) => toBase64Url(hmacSha256(key, content))
    },

    async find(location, digest, n) {
      const piece = readable(await store.get(pieceKey(location, digest)), pieceMessage)
      if (piece === null) return null
      const known = await blockAt(blockKey(location, piece.block))
      if (known?.state !== 'stored' || known.n !== n) return null
      const { block, key, offset, length } = piece
      return { block, key, offset, length }
    },

    begin: (location, block, n) =>
      store.batch([
        {
          put: blockKey(location, block),
          value: blockMessage.encode({ version: 1, state: 'begun', n, at: clock.now() }),
        },
      ]),

    stored: (location, { block, key }, n, pieces) =>
      store.batch([
        {
          put: blockKey(location, block),
          value: blockMessage.encode({ version: 1, state: 'stored', n, at: clock.now() }),
        },
        ...pieces.map(({ digest, offset, length }) => ({
          put: pieceKey(location, digest),
          value: pieceMessage.encode({ version: 1, block, key, offset, length }),
        })),
      ]),

    async forget(location, blocks) {
      const gone = new Set(blocks)
      // Pieces last: without its block a piece counts for nothing.
      await store.batch(blocks.map((block) => ({ delete: blockKey(location, block) })))
      let deletes: { readonly delete: string }[] = []
      for await (const [key, value] of store.list({ prefix: pieceKey(location, '') })) {
        const piece = readable(value, pieceMessage)
        if (piece !== null && !gone.has(piece.block)) continue
        deletes.push({ delete: key })
        if (deletes.length < DELETES_AT_ONCE) continue
        await store.batch(deletes)
        deletes = []
      }
      await store.batch(deletes)
    },

    async *blocks(location) {
      const prefix = blockKey(location, '')
      for await (const [key, value] of store.list({ prefix })) {
        const known = readable(value, blockMessage)
        if (known !== null) yield { block: parseHash(key.slice(prefix.length)), state: known.state, at: known.at }
      }
    },
  }
}

function pieceKey(location: LocationId, digest: PieceDigest): string {
  return `reuse/piece/${location}/${digest}`
}

function blockKey(location: LocationId, block: BlockId | ''): string {
  return `reuse/block/${location}/${block}`
}

function readable<T>(value: Uint8Array | null, message: { decode(bytes: Uint8Array, maxBytes: number): T }): T | null {
  try {
    return value === null ? null : message.decode(value, MAX_VALUE_BYTES)
  } catch (error) {
    if (isRecordError(error)) return null
    throw error
  }
}
