/**
 * The BitDust reference node as a library: `createNode` over a data folder gives the customer, the shares and the
 * supplier role, wired to libp2p, SQLite and the disk. The `bitdust` program is a thin shell around it.
 *
 * @packageDocumentation
 */
export { type FolderSourceOptions, folderSource } from './adapters/folder-source.ts'
export {
  type FolderTargetOptions,
  type RestoredAlias,
  type RestoredEntry,
  type RestoreFailure,
  type RestoreSummary,
  restoreTo,
} from './adapters/folder-target.ts'
export { openSqliteKeyValueStore, type SqliteKeyValueStore } from './adapters/sqlite-key-value-store.ts'
export type { NameRules } from './adapters/target-names.ts'
export { type Config, DEFAULT_CONFIG, type PartialConfig } from './config.ts'
export { type AddDeviceOptions, type AddedDevice, addDevice } from './enrolment/add-device.ts'
export { listDevices, type OwnDevice } from './enrolment/devices.ts'
export {
  type EnrolledDevice,
  type EnrolmentOffer,
  type RequestDeviceOptions,
  requestDevice,
  type WaitingRequest,
} from './enrolment/request-device.ts'
export { type RevokeDeviceOptions, type RevokedDevice, revokeDevice } from './enrolment/revoke-device.ts'
export { NodeError, type NodeErrorCode } from './errors.ts'
export type { FolderPaths } from './folder.ts'
export { type InitOptions, type InitResult, initNode } from './init.ts'
export { machines } from './machine.ts'
export { type MoveMasterKeyOptions, moveMasterKey } from './master-key.ts'
export {
  type BitdustNode,
  createNode,
  type NodeOptions,
  type NodeRole,
  type NodeStatus,
  type PingAnswer,
} from './node.ts'
export { type RestoreOptions, type RestoreResult, restoreNode } from './restore.ts'
export { formatSize, parseDuration, parseSize } from './units.ts'
export { createLogger, type NodeLogger } from './wiring/logger.ts'
export type { MachineState } from './wiring/machine-board.ts'
export type { OwnIdentity } from './wiring/own-identity.ts'
