/**
 * The supplier role of BitDust, both ends: a supplier keeps fragments, records and journals for customers it has contracts
 * with, and the client talks to suppliers. The network and the stores come in as ports; `./node` has the store on disk.
 *
 * @packageDocumentation
 */
export type { AccessChallenge, AccessProver, FindProver } from './client/access-keeper.ts'
export { createSupplierClient, type SupplierClient, type SupplierClientOptions } from './client/client.ts'
export type {
  EventCalls,
  JournalGrowth,
  SupplierClientEvents,
  SupplierClientEventTarget,
} from './client/events.ts'
export type { FoundFragments, FragmentCalls, FragmentQuery, FragmentsToStore, ListQuery } from './client/fragments.ts'
export type { EntriesToStore, JournalCalls, JournalQuery } from './client/journals.ts'
export type { RecordCalls, RecordToStore } from './client/records.ts'
export type { ServiceCalls } from './client/services.ts'
export { type ContractState, machines } from './contract/machine.ts'
export { isSupplierError, SupplierError, type SupplierErrorCode } from './errors.ts'
export type { ByteRange, FragmentStore, StoredFile } from './fragments/fragment-store.ts'
export { type MemoryFragmentStoreOptions, memoryFragmentStore } from './fragments/memory-fragment-store.ts'
export { DEFAULT_LIMITS, type SupplierLimits } from './limits.ts'
export type {
  Body,
  CallOptions,
  OutgoingPacket,
  OutgoingReply,
  PacketHandler,
  PacketRouter,
  PacketSender,
  Received,
  ReceivedPacket,
  ReceivedReply,
} from './ports.ts'
export type { DeleteBlocksRequest, DeletedBlocks, ListedFragment, RetainRequest } from './protocol/fragments.ts'
export type { JournalEvent, StoredJournalHead } from './protocol/journals.ts'
export type { RetrieveRecordRequest, StoredRecordKind } from './protocol/records.ts'
export type { ContractRequest, CustomerRequest, LocationRequest, SupplierState } from './protocol/services.ts'
export type { Usage } from './quota/account.ts'
export type { SupplierSelf } from './server/desk.ts'
export {
  type CustomerSummary,
  createSupplier,
  type LivingMachine,
  type Supplier,
  type SupplierOptions,
} from './server/supplier.ts'
