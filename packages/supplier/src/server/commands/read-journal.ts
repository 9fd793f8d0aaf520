import { MAX_ENTRIES_BYTES } from '../../limits.ts'
import { COMMANDS, REPLIES } from '../../protocol/commands.ts'
import { encodeEntries, framedSize } from '../../protocol/entries.ts'
import { entriesReply, headsReply, retrieveJournalRequest } from '../../protocol/journals.ts'
import { locationRequest } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/** `JournalHeads`: where the journals of a location end here. */
export const journalHeads = defineCommand({
  command: COMMANDS.journalHeads,
  request: locationRequest,
  async answer({ access, books }, visitor, place) {
    await access.require(visitor, place, 'read')
    return ack(headsReply, { heads: await books.journals.heads(place) })
  },
})

/** `RetrieveJournal`: entries of one journal, as many as fit one packet. */
export const retrieveJournal = defineCommand({
  command: COMMANDS.retrieveJournal,
  request: retrieveJournalRequest,
  async answer({ access, books }, visitor, { journal, from, limit, ...place }) {
    await access.require(visitor, place, 'read')
    const head = await books.journals.head(place, journal)
    const entries = await takeWhileFits(books.journals.entries(place, journal, from, limit))
    const next = from + entries.length
    const isEnd = head === null || next > head.sequence || entries.length === 0
    return {
      command: REPLIES.files,
      payload: entriesReply.encode({ next: isEnd ? null : next }),
      body: encodeEntries(entries),
    }
  },
})

async function takeWhileFits(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = []
  let size = 0
  for await (const entry of source) {
    size += framedSize(entry)
    if (size > MAX_ENTRIES_BYTES) break
    entries.push(entry)
  }
  return entries
}
