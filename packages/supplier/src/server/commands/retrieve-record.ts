import type { Visitor } from '../../access/access.ts'
import type { RecordPlace } from '../../books/record-book.ts'
import { nothingHere, SupplierError } from '../../errors.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { type RetrieveRecordRequest, recordReply, retrieveRecordRequest } from '../../protocol/records.ts'
import type { LocationRequest } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/**
 * `RetrieveRecord`: the family for everybody, since it is public; a header for the owner and whoever the member list names,
 * so that one who missed a new key catches up; a member list for the owner and members.
 */
export const retrieveRecord = defineCommand({
  command: COMMANDS.retrieveRecord,
  request: retrieveRecordRequest,
  async answer(desk, visitor, request) {
    const place = placeOf(request)
    if (place.kind !== 'family') await authorise(desk, visitor, { ...place, customer: request.customer }, place.kind)
    const record = await desk.books.records.get(request.customer, place)
    return { ...ack(recordReply, { found: record !== null }), body: record ?? [] }
  },
})

function placeOf({ kind, location }: RetrieveRecordRequest): RecordPlace {
  if (kind === 'family' && location === null) return { kind }
  if (kind !== 'family' && location !== null) return { kind, location }
  throw new SupplierError('PacketMalformed', `a ${kind} ${location === null ? 'has' : 'has no'} location`)
}

async function authorise(
  { access, customers }: Desk,
  visitor: Visitor,
  place: LocationRequest,
  kind: 'header' | 'members',
): Promise<void> {
  customers.require(place.customer)
  if (await access.isListed(visitor, place)) return
  if (kind === 'header') throw nothingHere()
  await access.require(visitor, place, 'read')
}
