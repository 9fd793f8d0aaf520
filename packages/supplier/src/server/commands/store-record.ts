import { MAX_HEADER_BYTES, replaces, succeeds } from '@bitdust/records'
import { type OwnedRecord, openOwnedRecord } from '../../books/owned-record.ts'
import type { Customer } from '../../contract/customer.ts'
import { nothingHere, SupplierError } from '../../errors.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { storeRecordRequest } from '../../protocol/records.ts'
import { defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'
import { requireRoomForLocation } from '../location-limit.ts'

/**
 * `Record`: the owner leaves his family, or the header or member list of a location. Revisions rise; of one revision a
 * supplier keeps the record that came first, and what follows directly must name it. Revisions that went by while the
 * supplier was away may be missing.
 */
export const storeRecord = defineCommand({
  command: COMMANDS.record,
  request: storeRecordRequest,
  maxBodyBytes: MAX_HEADER_BYTES,
  async answer(desk, visitor, { customer: fingerprint, kind }, packet) {
    desk.access.requireOwner(visitor, fingerprint)
    const customer = desk.customers.requireActive(fingerprint)
    const record = openOwnedRecord(kind, await packet.readBody())
    await record.verify(customer.key)
    await desk.locks.run(fingerprint, () => keep(desk, customer, record))
    const { bytes, hash, body } = record.opened
    const receipted = { customer: fingerprint, kind, subject: hash, revision: body.revision, bytes: bytes.length }
    return desk.receipts.answer(receipted)
  },
})

/** Runs alone for this customer. */
async function keep(desk: Desk, customer: Customer, { opened, place }: OwnedRecord): Promise<void> {
  const { fingerprint, account } = customer
  if (desk.customers.get(fingerprint) !== customer) throw nothingHere()
  const bytes = await desk.books.records.get(fingerprint, place)
  const stored = bytes === null ? null : openOwnedRecord(place.kind, bytes).opened
  if (!replaces(stored, opened)) return
  if (stored !== null && opened.body.revision === stored.body.revision + 1 && !succeeds(stored, opened))
    throw new SupplierError(
      'RecordInvalid',
      `${place.kind}: revision ${opened.body.revision} does not name the one before`,
    )
  if (place.kind === 'header') await requireRoomForLocation(desk, fingerprint, place.location)
  const growth = opened.bytes.length - (bytes?.length ?? 0)
  account.requireAllowance(growth)
  await desk.books.records.put(fingerprint, place, opened.bytes)
  account.addToAllowance(growth)
}
