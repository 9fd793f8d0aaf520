import type { PeerRef } from '@bitdust/identity'
import { hashOf, type JournalId, type Opened, type Receipt } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { MAX_ENTRIES } from '../limits.ts'
import type { CallOptions } from '../ports.ts'
import { COMMANDS, REPLIES } from '../protocol/commands.ts'
import { decodeEntries, encodeEntries, inPackets } from '../protocol/entries.ts'
import {
  appendRequest,
  entriesReply,
  headsReply,
  retrieveJournalRequest,
  type StoredJournalHead,
} from '../protocol/journals.ts'
import { type LocationRequest, locationRequest, receiptReply } from '../protocol/services.ts'
import type { AccessKeeper } from './access-keeper.ts'
import { type Call, malformed, say } from './call.ts'
import { verifyReceipt } from './verify-receipt.ts'

/** Entries to append, at least one. */
export interface EntriesToStore extends LocationRequest {
  /** Journal entry records, in the order of their journal. */
  readonly entries: readonly Uint8Array[]
  /** The owner copies old entries of his own device: they may name an older revision of the family. @default false */
  readonly backfill?: boolean
}

/** Which part of a journal is wanted. */
export interface JournalQuery extends LocationRequest {
  readonly journal: JournalId
  /** Sequence number of the first entry. */
  readonly from: number
}

interface EntriesPage {
  readonly entries: readonly Uint8Array[]
  readonly next: number | null
}

/** Extending and reading journals. */
export interface JournalCalls {
  /**
   * Appends entries, in as many packets as they need. What is stored already changes nothing.
   *
   * @returns The receipt for the last entry, verified.
   * @throws {SupplierError} `RecordInvalid`: a gap or a fork, compare `journalHeads` · `RecordRollback`: an entry names an
   *   older family than the supplier knows · `QuotaExceeded`.
   */
  appendJournal(to: PeerRef, entries: EntriesToStore, options?: CallOptions): Promise<Opened<Receipt>>
  /** Where the journals of a location end there. */
  journalHeads(to: PeerRef, query: LocationRequest, options?: CallOptions): Promise<readonly StoredJournalHead[]>
  /** Entries from `from` to the end, in order; not verified. */
  getJournal(to: PeerRef, query: JournalQuery, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>
}

/** The part of the client that moves journal entries. */
export function createJournalCalls(call: Call, access: AccessKeeper): JournalCalls {
  async function readPage(to: PeerRef, query: JournalQuery, options: CallOptions): Promise<EntriesPage> {
    const { customer, location, journal, from } = query
    const question = {
      command: COMMANDS.retrieveJournal,
      customer,
      request: [retrieveJournalRequest, { customer, location, journal, from, limit: MAX_ENTRIES }],
      reply: entriesReply,
      replyCommand: REPLIES.files,
    } as const
    const { said, received } = await access.run(to, { customer, location }, options, () => call(to, question, options))
    return { entries: decodeEntries(await received.readBody()), next: said.next }
  }

  return {
    async appendJournal(to, { customer, location, entries, backfill = false }, options = {}) {
      const place = { customer, location }
      let receipt: Opened<Receipt> | undefined
      for (const group of inPackets(entries)) {
        const question = {
          command: COMMANDS.journal,
          customer,
          request: [appendRequest, { ...place, backfill }],
          body: encodeEntries(group),
          reply: receiptReply,
        } as const
        const reply = await access.run(to, place, options, () => say(call, to, question, options))
        receipt = await verifyReceipt(to, reply.receipt, { customer, kind: 'journal', subject: hashOf(group.at(-1)!) })
      }
      if (receipt === undefined) throw new SupplierError('RecordInvalid', 'no entries to append')
      return receipt
    },

    async journalHeads(to, { customer, location }, options = {}) {
      const place = { customer, location }
      const question = {
        command: COMMANDS.journalHeads,
        customer,
        request: [locationRequest, place],
        reply: headsReply,
      } as const
      return (await access.run(to, place, options, () => say(call, to, question, options))).heads
    },

    async *getJournal(to, query, options = {}) {
      for (let from: number | null = query.from; from !== null; ) {
        const { entries, next }: EntriesPage = await readPage(to, { ...query, from }, options)
        yield* entries
        // A supplier that does not move on would keep us for ever.
        if (next !== null && next !== from + entries.length) throw malformed(to, 'skips journal entries')
        if (next !== null && entries.length === 0) throw malformed(to, 'gives no entries and promises more')
        from = next
      }
    },
  }
}
