import { equalBytes, importDevicePublicKey, importRsaPublicKey } from '@bitdust/crypto'
import { deviceOfPeerId, type PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { contractRecord, type Offer, type Opened, offerRecord, requireCurrent } from '@bitdust/records'
import type { CallOptions } from '../ports.ts'
import { COMMANDS } from '../protocol/commands.ts'
import {
  type ContractRequest,
  type CustomerRequest,
  cancelRequest,
  contractReply,
  customerRequest,
  doneReply,
  offerReply,
  type SupplierState,
  serviceRequest,
  stateReply,
} from '../protocol/services.ts'
import { type Call, malformed, say } from './call.ts'

/** Hiring and leaving a supplier. */
export interface ServiceCalls {
  /** What the supplier has to give; signed by the device that we talk to, and current. */
  offer(to: PeerRef, options?: CallOptions): Promise<Opened<Offer>>
  /**
   * Asks for a contract, or for another one in its place; a refusal leaves the one in force as it is.
   *
   * @returns The contract with both signatures, verified.
   * @throws {SupplierError} `QuotaExceeded`, `RecordInvalid`, `RecordRollback`.
   */
  requestContract(to: PeerRef, request: ContractRequest, options?: CallOptions): Promise<Uint8Array>
  /** Ends the contract; the supplier drops everything of ours. */
  cancel(to: PeerRef, request: CustomerRequest, options?: CallOptions): Promise<void>
  /** How we stand there; also shows that the supplier is alive. */
  ping(to: PeerRef, request: CustomerRequest, options?: CallOptions): Promise<SupplierState>
}

/** The part of the client that hires. */
export function createServiceCalls(call: Call, clock: Clock): ServiceCalls {
  return {
    async offer(to, options = {}) {
      const request = [serviceRequest, { supplier: { offer: 'please' } }] as const
      const question = { command: COMMANDS.requestService, customer: to.fingerprint, request, reply: offerReply }
      const { offer: bytes } = await say(call, to, question, options)
      try {
        const offer = offerRecord.open(bytes)
        await offerRecord.verify(offer, 'device', importDevicePublicKey(deviceOfPeerId(to.peerId)))
        requireCurrent(offer.body, clock.now())
        if (offer.body.supplier === to.fingerprint) return offer
      } catch (cause) {
        throw malformed(to, 'made an offer that cannot be verified', cause)
      }
      throw malformed(to, 'made an offer in the name of somebody else')
    },

    async requestContract(to, contractRequest, options = {}) {
      const sent = contractRecord.open(contractRequest.contract)
      const request = [serviceRequest, { supplier: { contract: contractRequest } }] as const
      const { customer } = sent.body
      const question = { command: COMMANDS.requestService, customer, request, reply: contractReply }
      const { contract: bytes, supplierKey } = await say(call, to, question, options)
      try {
        const signed = contractRecord.open(bytes)
        const [ours, theirs] = await Promise.all([contractRequest.customerKey, supplierKey].map(importRsaPublicKey))
        await contractRecord.verify(signed, 'customer', ours!)
        await contractRecord.verify(signed, 'supplier', theirs!)
        if (equalBytes(signed.signedContent, sent.signedContent)) return bytes
      } catch (cause) {
        throw malformed(to, 'signed a contract that cannot be verified', cause)
      }
      throw malformed(to, 'signed another contract')
    },

    async cancel(to, { customer }, options = {}) {
      const request = [cancelRequest, { service: 'supplier', customer }] as const
      await say(call, to, { command: COMMANDS.cancelService, customer, request, reply: doneReply }, options)
    },

    ping(to, { customer }, options = {}) {
      const request = [customerRequest, { customer }] as const
      return say(call, to, { command: COMMANDS.ping, customer, request, reply: stateReply }, options)
    },
  }
}
