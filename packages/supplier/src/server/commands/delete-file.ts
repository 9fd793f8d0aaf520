import type { BlockId } from '@bitdust/records'
import type { FragmentEntry } from '../../books/fragment-book.ts'
import type { Customer } from '../../contract/customer.ts'
import { fileSize } from '../../fragments/fragment-file.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { deleteBlocksRequest, deletedBlocksReply } from '../../protocol/fragments.ts'
import { ack, defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/**
 * `DeleteFile`: frees all that is stored of some blocks. Owner only. What came too short a time ago stays: another device
 * may just be writing an entry that names it.
 */
export const deleteFile = defineCommand({
  command: COMMANDS.deleteFile,
  request: deleteBlocksRequest,
  async answer(desk, visitor, { customer: fingerprint, blocks }) {
    const customer = desk.access.requireOwner(visitor, fingerprint)
    const freed: BlockId[] = []
    const refused: BlockId[] = []
    for (const block of blocks) {
      const isFreed = await free(desk, customer, block)
      if (isFreed) freed.push(block)
      else refused.push(block)
    }
    return ack(deletedBlocksReply, { freed, refused })
  },
})

/** Frees all positions of a block, or none when one of them is young. */
async function free(desk: Desk, customer: Customer, block: BlockId): Promise<boolean> {
  const { locks, books } = desk
  const { fingerprint } = customer
  const stored = await locks.run(fingerprint, () => Array.fromAsync(books.fragments.ofBlock(fingerprint, block)))
  if (stored.some((fragment) => isYoung(desk, fragment))) return false
  let isFreed = true
  // In the order in which a write takes the two locks.
  for (const { name } of stored)
    isFreed =
      (await locks.run(name, () => locks.run(customer.fingerprint, () => freeFile(desk, customer, name)))) && isFreed
  return isFreed
}

/**
 * Runs alone for this file and this customer. Books before files: a file that nobody knows is removed at the next start,
 * an entry without a file would be a lie.
 */
async function freeFile({ books, fragments, ...desk }: Desk, { account }: Customer, name: string): Promise<boolean> {
  const entry = await books.fragments.get(name)
  if (entry === null) return true
  if (isYoung(desk, entry)) return false // It was stored again meanwhile.
  await books.fragments.remove([{ ...entry, name }])
  account.remove(fileSize(entry), entry.line)
  await fragments.delete(name)
  return true
}

function isYoung({ clock, limits }: Pick<Desk, 'clock' | 'limits'>, { storedAt }: FragmentEntry): boolean {
  return clock.now() < storedAt + limits.keepMs
}
