import type { Fingerprint } from '@bitdust/crypto'
import type { BlockId } from '@bitdust/records'
import type { NamedFragment } from '../../books/fragment-book.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { type RetainRequest, retainedBlocksReply, retainRequest } from '../../protocol/fragments.ts'
import { ack, defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/**
 * `Retain`: tells which blocks of a location are stored, and keeps those as long as if they had been stored just now, so
 * that whoever writes an entry which names them need not send them again. For whoever may write in the location.
 *
 * It answers from the books: whether the bytes are still right is found out when they are read or stored again.
 */
export const retain = defineCommand({
  command: COMMANDS.retain,
  request: retainRequest,
  async answer(desk, visitor, request) {
    await desk.access.require(visitor, request, 'write')
    desk.customers.requireActive(request.customer)
    // Alone with the customer's books: what is being freed at the same time is either gone before, or kept.
    const held = await desk.locks.run(request.customer, () => keep(desk, request))
    return ack(retainedBlocksReply, { held })
  },
})

async function keep({ books, clock }: Desk, request: RetainRequest): Promise<readonly BlockId[]> {
  const { customer, blocks } = request
  const now = clock.now()
  const held: BlockId[] = []
  const kept: NamedFragment[] = []
  for (const block of blocks) {
    const stored = await storedIn(books, customer, block, request)
    if (stored.length === 0) continue
    held.push(block)
    // A clock that went back shortens nothing that was promised before.
    kept.push(...stored.filter(({ storedAt }) => storedAt < now))
  }
  await books.fragments.keep(kept, now)
  return held
}

/** What other locations have does not exist for whoever was let into this one. */
async function storedIn(
  { fragments }: Desk['books'],
  customer: Fingerprint,
  block: BlockId,
  { location }: RetainRequest,
): Promise<readonly NamedFragment[]> {
  const all = await Array.fromAsync(fragments.ofBlock(customer, block))
  return all.filter((fragment) => fragment.location === location)
}
