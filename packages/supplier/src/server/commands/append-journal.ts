import { familyRecord, headerRecord, type JournalEntry, journalEntryRecord, type Opened } from '@bitdust/records'
import type { Permission, Visitor } from '../../access/access.ts'
import type { Customer } from '../../contract/customer.ts'
import { nothingHere, SupplierError } from '../../errors.ts'
import { MAX_ENTRIES_BYTES } from '../../limits.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { decodeEntries } from '../../protocol/entries.ts'
import { type AppendRequest, appendRequest } from '../../protocol/journals.ts'
import { defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'
import { type Addition, extendJournals } from '../extend-journals.ts'

/**
 * `Journal`: appends entries. A writer appends to the journal of his own device; the owner also copies the journals of
 * others. Journals grow without gaps and never change; appending what is here already changes nothing. New entries must
 * name the newest family and the newest generation of the location that are known here, so that a device which missed a
 * change of suppliers or of the key finds out, and nothing new is written under a key that was replaced.
 */
export const appendJournal = defineCommand({
  command: COMMANDS.journal,
  request: appendRequest,
  maxBodyBytes: MAX_ENTRIES_BYTES,
  async answer(desk, visitor, request, packet) {
    const permission = await desk.access.require(visitor, request, 'write')
    const customer = desk.customers.requireActive(request.customer)
    const entries = decodeEntries(await packet.readBody()).map((bytes) => journalEntryRecord.open(bytes))
    const last = entries.at(-1)
    if (last === undefined) throw new SupplierError('PacketMalformed', 'no entries')
    for (const entry of entries) checkAuthor(entry.body, request, visitor, permission)
    const writing = { desk, customer, request, visitor, permission, entries }
    const additions = await desk.locks.run(customer.fingerprint, () => append(writing))
    for (const { head } of additions)
      desk.subscriptions.publish({ customer: request.customer, location: request.location, head }, visitor)
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    return desk.receipts.answer({ customer: customer.fingerprint, kind: 'journal', subject: last.hash, bytes })
  },
})

interface Writing {
  readonly desk: Desk
  readonly customer: Customer
  readonly request: AppendRequest
  readonly visitor: Visitor
  readonly permission: Permission
  readonly entries: readonly Opened<JournalEntry>[]
}

function checkAuthor(entry: JournalEntry, place: AppendRequest, visitor: Visitor, permission: Permission): void {
  if (entry.owner !== place.customer || entry.location !== place.location)
    throw new SupplierError('RecordInvalid', 'the entry belongs to another location')
  if (permission.by === 'member' && !isOwn(entry, visitor))
    throw new SupplierError('Unauthorized', 'a member appends to the journal of his own device')
}

function isOwn({ writer, device }: JournalEntry, { caller }: Visitor): boolean {
  return writer === caller.fingerprint && device === caller.device
}

/** Runs alone for this customer. */
async function append({
  desk,
  customer,
  request,
  visitor,
  permission,
  entries,
}: Writing): Promise<readonly Addition[]> {
  const { customers, books } = desk
  if (customers.get(customer.fingerprint) !== customer) throw nothingHere()
  const additions = await extendJournals(desk, request, entries)
  const added = additions.flatMap((addition) => addition.entries)
  if (added.length === 0) return []
  const isCopy = (entry: JournalEntry) => permission.by === 'owner' && (request.backfill || !isOwn(entry, visitor))
  const fresh = added.map(({ body }) => body).filter((entry) => !isCopy(entry))
  await requireFamily(desk, customer, fresh)
  await requireKey(desk, request, visitor, fresh)
  const bytes = added.reduce((sum, entry) => sum + entry.bytes.length, 0)
  customer.account.requireAllowance(bytes)
  await books.journals.append(
    request,
    additions.flatMap(({ head, entries: own }) =>
      own.map((entry) => ({ journal: head.journal, sequence: entry.body.sequence, bytes: entry.bytes })),
    ),
    additions.map(({ head }) => head),
  )
  customer.account.addToAllowance(bytes)
  return additions
}

/** @throws {SupplierError} `RecordRollback` for an entry written for an older family than the one stored. */
async function requireFamily(
  { books }: Desk,
  { fingerprint }: Customer,
  entries: readonly JournalEntry[],
): Promise<void> {
  const record = await books.records.get(fingerprint, { kind: 'family' })
  const revision = record === null ? 0 : familyRecord.open(record).body.revision
  const old = entries.find(({ family }) => family < revision)
  if (old !== undefined)
    throw new SupplierError(
      'RecordRollback',
      `the entry names family revision ${old.family}, revision ${revision} is known`,
    )
}

/**
 * @throws {SupplierError} `KeyRevoked` for an entry under an older generation than the newest one in the header stored, and
 *   for everything, copies too, that a device brings which this header calls revoked.
 */
async function requireKey(
  { books }: Desk,
  { customer, location }: AppendRequest,
  { caller }: Visitor,
  entries: readonly JournalEntry[],
): Promise<void> {
  const record = await books.records.get(customer, { kind: 'header', location })
  if (record === null) return
  const { generations, revoked } = headerRecord.open(record).body
  if (revoked.some(({ device }) => device === caller.device))
    throw new SupplierError('KeyRevoked', 'the owner revoked this device')
  const newest = generations.at(-1)?.generation ?? 0
  const old = entries.find(({ generation }) => generation < newest)
  if (old !== undefined)
    throw new SupplierError('KeyRevoked', `generation ${old.generation} of the key was replaced by ${newest}`)
}
