import type { PeerRef } from '@bitdust/identity'
import {
  bytesUpTo,
  contractRecord,
  defineMessage,
  type FamilyPosition,
  type Field,
  fingerprint,
  flag,
  idurl,
  integer,
  list,
  MAX_FAMILY_BYTES,
  MAX_STATEMENT_BYTES,
  MAX_SUPPLIERS,
  optional,
  peerId,
  position,
  struct,
  supplierCount,
  uint,
} from '@bitdust/records'

/** A position of the coming family whose supplier signed. */
export interface HiredPosition extends PeerRef {
  readonly position: number
  /** Contract record with both signatures. */
  readonly contract: Uint8Array
}

/** A change of the family: what it is to be, and how far it has come. Kept in the store until it is done. */
export interface FamilyPlan {
  /** Number of suppliers. */
  readonly n: number
  /** Bytes that each supplier is to grant. */
  readonly bytesEach: number
  /** Positions that get another supplier; for the first family all of them. */
  readonly replace: readonly number[]
  /** Positions whose supplier gets a new contract. */
  readonly renew: readonly number[]
  /** Made by ourselves because suppliers are dead; else a user asked for it and is told when it fails. */
  readonly automatic: boolean
  readonly hired: readonly HiredPosition[]
  /** Everybody who was asked for a contract, noted before: maybe he signed, and we never heard of it. */
  readonly asked: readonly PeerRef[]
  /**
   * The next family, signed; null before all positions are hired. From here on the change is carried through: another
   * record of the same revision would be a fork.
   */
  readonly next: Uint8Array | null
}

const hiredField: Field<HiredPosition> = struct<HiredPosition>({
  position,
  fingerprint,
  idurl,
  peerId,
  contract: bytesUpTo(MAX_STATEMENT_BYTES),
})

/** Most suppliers that are remembered as asked; whoever was asked before them keeps his contract until it ends. */
const MAX_ASKED = 512

/** Form of {@link FamilyPlan} in the store, version 1. */
const planMessage = defineMessage(
  struct<FamilyPlan & { readonly version: number }>({
    version: integer(1, 1),
    n: supplierCount,
    bytesEach: uint(),
    replace: list(position, MAX_SUPPLIERS),
    renew: list(position, MAX_SUPPLIERS),
    automatic: flag,
    hired: list(hiredField, MAX_SUPPLIERS),
    asked: list(struct<PeerRef>({ fingerprint, idurl, peerId }), MAX_ASKED),
    next: optional(bytesUpTo(MAX_FAMILY_BYTES)),
  }),
  'plan',
)

/** Most bytes of a plan in the store: the next family, a contract for each position, and those who were asked. */
const MAX_PLAN_BYTES = MAX_FAMILY_BYTES + (MAX_SUPPLIERS * 2 + MAX_ASKED) * MAX_STATEMENT_BYTES

export function encodePlan(plan: FamilyPlan): Uint8Array {
  return planMessage.encode({ version: 1, ...plan, asked: plan.asked.slice(-MAX_ASKED) })
}

/** @throws {RecordError} `RecordInvalid`, `LimitExceeded` */
export function decodePlan(bytes: Uint8Array): FamilyPlan {
  const { version: _, ...plan } = planMessage.decode(bytes, MAX_PLAN_BYTES)
  return plan
}

/** How a hired position stands in the family record. */
export function familyPositionOf({ fingerprint, idurl, peerId, contract }: HiredPosition): FamilyPosition {
  return { fingerprint, idurl, peerId, contract: contractRecord.open(contract).hash }
}
