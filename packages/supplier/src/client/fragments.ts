import { concatBytes } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { type BlockId, blockIdOf, type LocationId, layoutRecord, type Opened, type Receipt } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { collect } from '../fragments/fragment-file.ts'
import { MAX_LISTED_ITEMS } from '../limits.ts'
import type { CallOptions, ReceivedReply } from '../ports.ts'
import { COMMANDS, REPLIES } from '../protocol/commands.ts'
import {
  type DeleteBlocksRequest,
  type DeletedBlocks,
  deleteBlocksRequest,
  deletedBlocksReply,
  type FilesPage,
  filesReply,
  fragmentsReply,
  type ListedFragment,
  listFilesRequest,
  type RetainRequest,
  type RetrieveRequest,
  retainedBlocksReply,
  retainRequest,
  retrieveRequest,
  type StoreFragmentsRequest,
  storeFragmentsRequest,
} from '../protocol/fragments.ts'
import { type CustomerRequest, receiptReply } from '../protocol/services.ts'
import type { AccessKeeper } from './access-keeper.ts'
import { type Call, malformed, orNull, say } from './call.ts'
import { verifyReceipt } from './verify-receipt.ts'

/** The two fragments of a position, to be stored. */
export interface FragmentsToStore extends StoreFragmentsRequest {
  /** Fragment `position`. Neither kept nor changed. */
  readonly data: Uint8Array
  /** Fragment `n + position`. Neither kept nor changed. */
  readonly parity: Uint8Array
}

/** Which fragments are wanted. */
export interface FragmentQuery extends RetrieveRequest {
  /** Where the block belongs; needed when that is somebody else's location. */
  readonly location?: LocationId
}

/** What a supplier gave. */
export interface FoundFragments {
  /** Layout record: of this block and this n, its signature not verified. */
  readonly layout: Uint8Array
  /** As long as the layout says, not verified. */
  readonly data?: Uint8Array
  readonly parity?: Uint8Array
}

/** What to list: one location, or (null) all of them. */
export interface ListQuery extends CustomerRequest {
  readonly location: LocationId | null
}

/** Storing and fetching fragments. */
export interface FragmentCalls {
  /** @returns The supplier's receipt, verified. */
  putFragments(to: PeerRef, fragments: FragmentsToStore, options?: CallOptions): Promise<Opened<Receipt>>
  /**
   * Null when the supplier says that it has nothing, or nothing for us. What it gives is not verified: compare it with a
   * layout that you trust (`verifyFragment` of `@bitdust/upkeep`) before you use it.
   */
  getFragment(to: PeerRef, query: FragmentQuery, options?: CallOptions): Promise<FoundFragments | null>
  /** All that is stored of a location; null: of all locations, for the owner alone. */
  listFragments(to: PeerRef, query: ListQuery, options?: CallOptions): AsyncGenerator<ListedFragment, void, undefined>
  /** Frees blocks, at most 256. Owner only. */
  deleteBlocks(to: PeerRef, request: DeleteBlocksRequest, options?: CallOptions): Promise<DeletedBlocks>
  /**
   * Asks which blocks of a location are stored, at most 256; those are not freed for the next 7 days.
   *
   * @returns Those of them that the supplier says to hold.
   */
  retainBlocks(to: PeerRef, request: RetainRequest, options?: CallOptions): Promise<readonly BlockId[]>
}

/** The part of the client that moves fragments. */
export function createFragmentCalls(call: Call, access: AccessKeeper): FragmentCalls {
  function listPage(to: PeerRef, query: ListQuery, after: string | null, options: CallOptions): Promise<FilesPage> {
    const { customer, location } = query
    const question = {
      command: COMMANDS.listFiles,
      customer,
      request: [listFilesRequest, { customer, location, after, limit: MAX_LISTED_ITEMS }],
      reply: filesReply,
      replyCommand: REPLIES.files,
    } as const
    const place = location === null ? null : { customer, location }
    return access.run(to, place, options, () => say(call, to, question, options))
  }

  return {
    async putFragments(to, { customer, layout, position, data, parity }, options = {}) {
      const { block } = layoutRecord.open(layout).body
      const question = {
        command: COMMANDS.data,
        customer,
        request: [storeFragmentsRequest, { customer, layout, position }],
        body: [data, parity],
        bodyCheck: 'handler',
        reply: receiptReply,
      } as const
      const place = { customer, location: block.location }
      const { receipt } = await access.run(to, place, options, () => say(call, to, question, options))
      return verifyReceipt(to, receipt, { customer, kind: 'fragments', subject: blockIdOf(block), position })
    },

    async getFragment(to, { location, ...query }, options = {}) {
      const { customer } = query
      const question = {
        command: COMMANDS.retrieve,
        customer,
        request: [retrieveRequest, query],
        reply: fragmentsReply,
        replyCommand: REPLIES.data,
      } as const
      const place = location === undefined ? null : { customer, location }
      const answer = await orNull(access.run(to, place, options, () => call(to, question, options)))
      if (answer === null) return null
      const { layout } = answer.said
      return { layout, ...(await readFragments(to, query, layout, answer.received)) }
    },

    async *listFragments(to, query, options = {}) {
      for (let after: string | null = null; ; ) {
        const { items, next }: FilesPage = await listPage(to, query, after, options)
        yield* items
        if (next === null) return
        // A supplier that goes in circles would keep us for ever.
        if (after !== null && next <= after) throw malformed(to, 'lists files that it has listed before')
        after = next
      }
    },

    deleteBlocks(to, { customer, blocks }, options = {}) {
      const request = [deleteBlocksRequest, { customer, blocks }] as const
      return say(call, to, { command: COMMANDS.deleteFile, customer, request, reply: deletedBlocksReply }, options)
    },

    async retainBlocks(to, { customer, location, blocks }, options = {}) {
      const question = {
        command: COMMANDS.retain,
        customer,
        request: [retainRequest, { customer, location, blocks }],
        reply: retainedBlocksReply,
      } as const
      const { held } = await access.run(to, { customer, location }, options, () => say(call, to, question, options))
      const asked = new Set(blocks)
      if (held.every((block) => asked.delete(block))) return held
      throw malformed(to, 'holds blocks that it was not asked for, or one of them twice')
    },
  }
}

/** Takes the body apart; what does not fit the layout that came with it is refused before it is read. */
async function readFragments(
  to: PeerRef,
  { block, n, want }: { readonly block: BlockId; readonly n: number; readonly want: RetrieveRequest['want'] },
  layoutBytes: Uint8Array,
  received: ReceivedReply,
): Promise<Omit<FoundFragments, 'layout'>> {
  try {
    const layout = layoutRecord.open(layoutBytes).body
    const count = { layout: 0, data: 1, parity: 1, both: 2 }[want]
    if (blockIdOf(layout.block) !== block || layout.n !== n)
      throw new SupplierError('FragmentCorrupt', 'the layout is of another block', {
        culprit: to.fingerprint,
        subject: block,
      })
    if (received.bodyLength !== count * layout.fragmentBytes)
      throw malformed(to, `gave ${received.bodyLength} bytes, expected ${count} x ${layout.fragmentBytes}`)
    if (count === 0) return {}
    const bytes = concatBytes(...(await collect(received.body)))
    if (want === 'both')
      return { data: bytes.subarray(0, layout.fragmentBytes), parity: bytes.subarray(layout.fragmentBytes) }
    return want === 'data' ? { data: bytes } : { parity: bytes }
  } catch (error) {
    received.cancel()
    throw error
  }
}
