import { importRsaPublicKey } from '@bitdust/crypto'
import { contractRecord, offerRecord } from '@bitdust/records'
import type { Visitor } from '../../access/access.ts'
import { SupplierError } from '../../errors.ts'
import { OFFER_LIFE_MS } from '../../limits.ts'
import type { OutgoingReply } from '../../ports.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import {
  type ContractRequest,
  contractReply,
  doneReply,
  type LocationRequest,
  offerReply,
  serviceRequest,
} from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/** `RequestService`: anybody may ask for an offer, a contract is for its customer, events are for whoever may read. */
export const requestService = defineCommand({
  command: COMMANDS.requestService,
  request: serviceRequest,
  answer(desk, visitor, request) {
    if ('events' in request) return subscribe(desk, visitor, request.events)
    if ('contract' in request.supplier) return agree(desk, visitor, request.supplier.contract)
    return offer(desk)
  },
})

async function offer({ self, customers, clock, limits }: Desk): Promise<OutgoingReply> {
  const created = clock.now()
  const { bytes } = await offerRecord.sign(
    {
      supplier: self.fingerprint,
      idurl: self.idurl,
      peerId: self.peerId,
      freeBytes: await customers.room(),
      until: created + limits.maxContractMs,
      created,
      expires: created + OFFER_LIFE_MS,
    },
    self.deviceKey,
  )
  return ack(offerReply, { offer: bytes })
}

async function agree(desk: Desk, { caller }: Visitor, request: ContractRequest): Promise<OutgoingReply> {
  const contract = contractRecord.open(request.contract)
  if (contract.body.customer !== caller.fingerprint)
    throw new SupplierError('Unauthorized', 'a contract is asked for by its customer')
  const key = await importRsaPublicKey(request.customerKey)
  await contractRecord.verify(contract, 'customer', key)
  const { bytes } = await desk.customers.agree(contract, key)
  return ack(contractReply, { contract: bytes, supplierKey: desk.self.masterKey.publicKey.spki })
}

async function subscribe(desk: Desk, visitor: Visitor, place: LocationRequest): Promise<OutgoingReply> {
  await desk.access.require(visitor, place, 'read')
  desk.subscriptions.add(visitor, place)
  return ack(doneReply, {})
}
