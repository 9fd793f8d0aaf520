import {
  type BlockId,
  blockId,
  bytesUpTo,
  choice,
  defineMessage,
  fingerprint,
  integer,
  type LocationId,
  layoutRecord,
  list,
  locationId,
  optional,
  position,
  row,
  struct,
  supplierCount,
  text,
  uint,
} from '@bitdust/records'
import type { WantedFragments } from '../fragments/fragment-file.ts'
import { MAX_DELETED_BLOCKS, MAX_LISTED_ITEMS, MAX_RETAINED_BLOCKS } from '../limits.ts'
import type { CustomerRequest, LocationRequest } from './services.ts'

/** `Data`: two fragments to store. The body is Data and then Parity. */
export interface StoreFragmentsRequest extends CustomerRequest {
  /** Layout record. */
  readonly layout: Uint8Array
  readonly position: number
}

/** `Retrieve`: fragments of one position. */
export interface RetrieveRequest extends CustomerRequest {
  readonly block: BlockId
  readonly n: number
  readonly position: number
  /** `layout`: no fragment. */
  readonly want: 'layout' | WantedFragments
}

/** `ListFiles`: which fragments are stored. */
export interface ListFilesRequest extends CustomerRequest {
  /** Null: of all locations, which only the owner may ask. */
  readonly location: LocationId | null
  /** `next` of the page before; null begins. */
  readonly after: string | null
  /** Most items wanted. */
  readonly limit: number
}

/** One position of a block, as it is stored. */
export interface ListedFragment {
  readonly block: BlockId
  readonly location: LocationId
  readonly n: number
  readonly position: number
  /** Bytes that it takes of the quota. */
  readonly bytes: number
}

/** One page of a list of files. */
export interface FilesPage {
  readonly items: readonly ListedFragment[]
  /** Where the next page begins; null: this was the last one. */
  readonly next: string | null
}

/** `DeleteFile`. */
export interface DeleteBlocksRequest extends CustomerRequest {
  readonly blocks: readonly BlockId[]
}

/** What became of the blocks that were to be deleted. */
export interface DeletedBlocks {
  /** Not stored any more, or never were. */
  readonly freed: readonly BlockId[]
  /** Stored too short a time ago. */
  readonly refused: readonly BlockId[]
}

/** `Retain`: which of these blocks are stored here? They are about to be referred to again. */
export interface RetainRequest extends LocationRequest {
  readonly blocks: readonly BlockId[]
}

/** The blocks of a `Retain` that are stored; they are kept from now on as if they were new. */
export interface RetainedBlocks {
  /** In the order of the request. */
  readonly held: readonly BlockId[]
}

const layoutBytes = bytesUpTo(layoutRecord.maxBytes)
/** Two hex ids, two numbers of two digits, and what separates them. */
const MAX_CURSOR_BYTES = 160
const cursor = optional(text(MAX_CURSOR_BYTES))
const blockList = list(blockId, MAX_DELETED_BLOCKS)

/** Message of {@link StoreFragmentsRequest}. */
export const storeFragmentsRequest = defineMessage(
  struct<StoreFragmentsRequest>({ customer: fingerprint, layout: layoutBytes, position }),
)

/** Message of {@link RetrieveRequest}. */
export const retrieveRequest = defineMessage(
  struct<RetrieveRequest>({
    customer: fingerprint,
    block: blockId,
    n: supplierCount,
    position,
    want: choice('layout', 'data', 'parity', 'both'),
  }),
)

/** Answer to `Retrieve`; the body is what was wanted. */
export const fragmentsReply = defineMessage(struct<{ readonly layout: Uint8Array }>({ layout: layoutBytes }))

/** Message of {@link ListFilesRequest}. */
export const listFilesRequest = defineMessage(
  struct<ListFilesRequest>({
    customer: fingerprint,
    location: optional(locationId),
    after: cursor,
    limit: integer(1, MAX_LISTED_ITEMS),
  }),
)

/** Message of {@link FilesPage}. */
export const filesReply = defineMessage(
  struct<FilesPage>({
    items: list(
      row<ListedFragment>({ block: blockId, location: locationId, n: supplierCount, position, bytes: uint() }),
      MAX_LISTED_ITEMS,
    ),
    next: cursor,
  }),
)

/** Message of {@link DeleteBlocksRequest}. */
export const deleteBlocksRequest = defineMessage(
  struct<DeleteBlocksRequest>({ customer: fingerprint, blocks: blockList }),
)

/** Message of {@link DeletedBlocks}. */
export const deletedBlocksReply = defineMessage(struct<DeletedBlocks>({ freed: blockList, refused: blockList }))

const retainedList = list(blockId, MAX_RETAINED_BLOCKS)

/** Message of {@link RetainRequest}. */
export const retainRequest = defineMessage(
  struct<RetainRequest>({ customer: fingerprint, location: locationId, blocks: retainedList }),
)

/** Message of {@link RetainedBlocks}. */
export const retainedBlocksReply = defineMessage(struct<RetainedBlocks>({ held: retainedList }))
