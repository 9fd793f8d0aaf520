import { SupplierError } from '../../errors.ts'
import { fileSize } from '../../fragments/fragment-file.ts'
import { COMMANDS, REPLIES } from '../../protocol/commands.ts'
import { filesReply, listFilesRequest } from '../../protocol/fragments.ts'
import { defineCommand } from '../command.ts'

/** As `next` of a page looks: location, block, n, position. */
const CURSOR = /^[0-9a-f]{64}\/[0-9a-f]{64}\/\d\d\/\d\d$/

/** `ListFiles`: which fragments are stored, page by page; of all locations for the owner alone. */
export const listFiles = defineCommand({
  command: COMMANDS.listFiles,
  request: listFilesRequest,
  async answer({ access, books, locks }, visitor, { customer, location, after, limit }) {
    if (location === null) access.requireOwner(visitor, customer)
    else await access.require(visitor, { customer, location }, 'read')
    if (after !== null && !CURSOR.test(after))
      throw new SupplierError('PacketMalformed', 'that is not where a page ended')
    // Alone with the customer's books: what is freed at the same time is either listed or gone, not half of both.
    const { items, next } = await locks.run(customer, () => books.fragments.page(customer, location, after, limit))
    const listed = items.map((item) => ({
      block: item.block,
      location: item.location,
      n: item.n,
      position: item.position,
      bytes: fileSize(item),
    }))
    return { command: REPLIES.files, payload: filesReply.encode({ items: listed, next }) }
  },
})
