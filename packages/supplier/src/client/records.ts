import type { PeerRef } from '@bitdust/identity'
import type { LocationId, Opened, Receipt } from '@bitdust/records'
import { openOwnedRecord } from '../books/owned-record.ts'
import type { CallOptions } from '../ports.ts'
import { COMMANDS } from '../protocol/commands.ts'
import {
  locationsReply,
  type RetrieveRecordRequest,
  recordReply,
  retrieveRecordRequest,
  type StoreRecordRequest,
  storeRecordRequest,
} from '../protocol/records.ts'
import { type CustomerRequest, customerRequest, receiptReply } from '../protocol/services.ts'
import type { AccessKeeper } from './access-keeper.ts'
import { type Call, isNotFound, orNull, say } from './call.ts'
import { verifyReceipt } from './verify-receipt.ts'

/** A record for a supplier to keep. */
export interface RecordToStore extends StoreRecordRequest {
  readonly record: Uint8Array
}

/** Leaving records with suppliers and asking for them. */
export interface RecordCalls {
  /** Owner only. @returns The supplier's receipt, verified. @throws {SupplierError} `RecordRollback`: it has a newer one. */
  putRecord(to: PeerRef, record: RecordToStore, options?: CallOptions): Promise<Opened<Receipt>>
  /** Null when the supplier says that it has none, or none for us. What it gives is not verified. */
  getRecord(to: PeerRef, query: RetrieveRecordRequest, options?: CallOptions): Promise<Uint8Array | null>
  /** Locations that have a header or a journal there. Owner only. */
  listLocations(to: PeerRef, query: CustomerRequest, options?: CallOptions): Promise<readonly LocationId[]>
}

/** The part of the client that moves records. */
export function createRecordCalls(call: Call, access: AccessKeeper): RecordCalls {
  /** @throws {SupplierError} `NotFound`: it is not for us. */
  async function fetchRecord(
    to: PeerRef,
    query: RetrieveRecordRequest,
    options: CallOptions,
  ): Promise<Uint8Array | null> {
    const { customer, kind, location } = query
    const request = [retrieveRecordRequest, { customer, kind, location }] as const
    const { said, received } = await call(
      to,
      { command: COMMANDS.retrieveRecord, customer, request, reply: recordReply },
      options,
    )
    if (said.found) return received.readBody()
    received.cancel()
    return null
  }

  return {
    async putRecord(to, { customer, kind, record }, options = {}) {
      const { opened } = openOwnedRecord(kind, record)
      const question = {
        command: COMMANDS.record,
        customer,
        request: [storeRecordRequest, { customer, kind }],
        body: record,
        reply: receiptReply,
      } as const
      const { receipt } = await say(call, to, question, options)
      const { revision } = opened.body
      return verifyReceipt(to, receipt, { customer, kind, subject: opened.hash, revision })
    },

    async getRecord(to, query, options = {}) {
      const { kind, customer, location } = query
      const ask = () => fetchRecord(to, query, options)
      // Whoever is named needs no proof, and may be asking because he lacks the key; other holders of the key prove it.
      const place = kind === 'members' && location !== null ? { customer, location } : null
      return orNull(
        ask().catch((error) =>
          isNotFound(error) && place ? access.run(to, place, options, ask) : Promise.reject(error),
        ),
      )
    },

    async listLocations(to, { customer }, options = {}) {
      const request = [customerRequest, { customer }] as const
      const question = { command: COMMANDS.listLocations, customer, request, reply: locationsReply }
      return (await say(call, to, question, options)).locations
    },
  }
}
