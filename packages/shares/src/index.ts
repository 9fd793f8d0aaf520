/**
 * Sharing in BitDust: keys that open places for others, handing them over, taking them, and finding out who holds them.
 *
 * @packageDocumentation
 */
export { isShareError, ShareError, type ShareErrorCode, type ShareErrorOptions } from './errors.ts'
export type { ReceivedFiles, ReceivedShare, ShareEvents, ShareEventTarget } from './events.ts'
export type { GrantStep } from './grant/machine.ts'
export { machines } from './machines.ts'
export type {
  CallOptions,
  Identities,
  OutgoingPacket,
  OutgoingReply,
  PacketHandler,
  PacketRouter,
  PacketSender,
  ReceivedReply,
  SharedFile,
  ShareFiles,
  ShareKeys,
  ShareLocation,
  ShareLocations,
  ShareSelf,
  ShareStore,
} from './ports.ts'
export type { KeyPart } from './protocol/messages.ts'
export { createShares, type SharesOptions } from './shares.ts'
export type {
  AuditOptions,
  GrantOptions,
  GrantResult,
  NewShare,
  ShareMember,
  ShareName,
  ShareSummary,
  Shares,
} from './types.ts'
