import type { Fingerprint } from '@bitdust/crypto'
import {
  bytesUpTo,
  choice,
  defineMessage,
  fingerprint,
  type LocationId,
  locationId,
  MAX_SPKI_BYTES,
  MAX_STATEMENT_BYTES,
  oneOf,
  optional,
  revisionNumber,
  struct,
  uint,
} from '@bitdust/records'

const statement = bytesUpTo(MAX_STATEMENT_BYTES)
const spki = bytesUpTo(MAX_SPKI_BYTES)

/** Names a customer: the owner of the data in question. */
export interface CustomerRequest {
  readonly customer: Fingerprint
}

/** Names a location of a customer. */
export interface LocationRequest extends CustomerRequest {
  readonly location: LocationId
}

/** A contract to be signed by the supplier too. */
export interface ContractRequest {
  /** Contract record with the customer's signature. */
  readonly contract: Uint8Array
  /** SPKI of the customer's master key. */
  readonly customerKey: Uint8Array
}

/** What may be asked of a supplier before there is a contract. */
interface SupplierService {
  /** What do you have to give? */
  readonly offer: 'please'
  readonly contract: ContractRequest
}

/** How a supplier stands to one customer. Sizes in bytes; all of it is 0 or null for somebody who is none. */
export interface SupplierState {
  /** Left of the grant. */
  readonly free: number
  readonly used: number
  readonly granted: number
  /** Revision of the family that is stored; null: none. */
  readonly familyRevision: number | null
}

/** A field of {@link CustomerRequest}. */
export const customerRequest = defineMessage(struct<CustomerRequest>({ customer: fingerprint }))

const locationRequestField = struct<LocationRequest>({ customer: fingerprint, location: locationId })

/** A message that names a location. */
export const locationRequest = defineMessage(locationRequestField)

/** `RequestService`: an offer, a contract, or events about new journal entries. */
export const serviceRequest = defineMessage(
  oneOf<{ supplier: { readonly offer: 'please' } | { readonly contract: ContractRequest }; events: LocationRequest }>({
    supplier: oneOf<SupplierService>({
      offer: choice('please'),
      contract: struct<ContractRequest>({ contract: statement, customerKey: spki }),
    }),
    events: locationRequestField,
  }),
)

/** Answer to the wish for an offer: an offer record. */
export const offerReply = defineMessage(struct<{ readonly offer: Uint8Array }>({ offer: statement }))

/** Answer to a contract: the record with both signatures, and the SPKI with which to check the supplier's. */
export const contractReply = defineMessage(
  struct<{ readonly contract: Uint8Array; readonly supplierKey: Uint8Array }>({
    contract: statement,
    supplierKey: spki,
  }),
)

/** `CancelService`. */
export const cancelRequest = defineMessage(
  struct<CustomerRequest & { readonly service: 'supplier' }>({ service: choice('supplier'), customer: fingerprint }),
)

/** Answer to `Ping`. */
export const stateReply = defineMessage(
  struct<SupplierState>({ free: uint(), used: uint(), granted: uint(), familyRevision: optional(revisionNumber) }),
)

/** Answer to whatever stores something: a receipt record. */
export const receiptReply = defineMessage(struct<{ readonly receipt: Uint8Array }>({ receipt: statement }))

/** Answer that says nothing beside "done". */
export const doneReply = defineMessage(struct<Record<never, never>>({}))
