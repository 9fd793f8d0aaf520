import type { Clock } from '@bitdust/machine'
import type { PacketSender } from '../ports.ts'
import { createAccessKeeper, type FindProver } from './access-keeper.ts'
import { createCall } from './call.ts'
import { createEventCalls, type EventCalls } from './events.ts'
import { createFragmentCalls, type FragmentCalls } from './fragments.ts'
import { createJournalCalls, type JournalCalls } from './journals.ts'
import { createRecordCalls, type RecordCalls } from './records.ts'
import { createServiceCalls, type ServiceCalls } from './services.ts'

/** What a client is made of. */
export interface SupplierClientOptions {
  readonly sender: PacketSender
  readonly clock: Clock
  /** Proves access to locations of others. @default there are none */
  readonly prover?: FindProver
}

/**
 * The protocol of suppliers from the side of customers and members. Each method names a supplier first and takes
 * `{ signal }` last. A refusal is a `SupplierError` with the supplier's code; what fails on the way (nobody answers, no
 * address known, cancelled) comes as the sender's own error.
 */
export interface SupplierClient extends ServiceCalls, FragmentCalls, RecordCalls, JournalCalls, EventCalls {}

/** Makes a client. It keeps no connection by itself and has nothing to stop. */
export function createSupplierClient({
  sender,
  clock,
  prover = () => undefined,
}: SupplierClientOptions): SupplierClient {
  const call = createCall(sender)
  const access = createAccessKeeper(call, prover)
  return {
    ...createServiceCalls(call, clock),
    ...createFragmentCalls(call, access),
    ...createRecordCalls(call, access),
    ...createJournalCalls(call, access),
    ...createEventCalls(call, access),
  }
}
