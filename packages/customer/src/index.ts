/**
 * The customer role: keeps files on the machines of suppliers who cannot read them, and gets them back.
 *
 * @packageDocumentation
 */
export type { CatalogItem, FileVersion } from './catalog/types.ts'
export {
  type Customer,
  type CustomerEvents,
  type CustomerOptions,
  type CustomerSettings,
  createCustomer,
  type MachineState,
  type PlaceOptions,
  type PruneOptions,
  type ReadOptions,
  type StoreOptions,
  type VerifyStoredOptions,
} from './customer.ts'
export type { BytesOptions, Readable, Reader, WalkItem, WalkOptions } from './download/types.ts'
export { CustomerError, type CustomerErrorCode, type CustomerErrorOptions, isCustomerError } from './errors.ts'
export { createFamily, type FamilyOptions, type FamilySettings, type OwnFamily } from './family/family.ts'
export type {
  CustomerFamily,
  FamilyEvents,
  HireOptions,
  HireProgress,
  LinkState,
  OpenedFamily,
  ReplaceOptions,
  SupplierLink,
} from './family/types.ts'
export type { SyncReport } from './journal/types.ts'
export { createLocations, type LocationsOptions } from './locations/locations.ts'
export type {
  GivenDevice,
  GivenLocation,
  Location,
  Locations,
  NewLocation,
  RenewedLocation,
  RestoredKey,
} from './locations/types.ts'
export { machines } from './machines.ts'
export type {
  AccessChallenge,
  AccessProver,
  CallOptions,
  CustomerQuery,
  EntriesToStore,
  FamilyDirectory,
  FoundFragment,
  FragmentQuery,
  FragmentsToStore,
  JournalQuery,
  ListedFragment,
  LocationQuery,
  OwnerKeys,
  RecordQuery,
  RecordToStore,
  RemoteSuppliers,
  Self,
  StoredJournalHead,
  StoredRecordKind,
  SupplierCandidate,
  SupplierFinder,
  SupplierState,
} from './ports.ts'
export type { BlockSum, KeepPolicy, PruneReport } from './prune/types.ts'
export { createRepair, type RepairOptions, type RepairSettings } from './repair/repair.ts'
export type {
  Culprit,
  MissingBlock,
  Repair,
  RepairEvents,
  RepairProgress,
  RepairReport,
} from './repair/types.ts'
export { type TypedEvents, ValueEvent } from './typed-events.ts'
export type { StageObserver, UploadStage } from './upload/stages.ts'
export type { FileSource, PutProgress, PutResult, PutSource, SourceEntry, TreeSource } from './upload/types.ts'
export type {
  HealthReport,
  ItemHealth,
  KeptState,
  LostItem,
  SupplierAnswer,
  VerifiedSupplier,
  VerifyProgress,
  VerifyReport,
} from './verify/types.ts'
