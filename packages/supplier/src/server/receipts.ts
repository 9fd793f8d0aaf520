import type { Clock } from '@bitdust/machine'
import { type Receipt, receiptRecord } from '@bitdust/records'
import type { OutgoingReply } from '../ports.ts'
import { REPLIES } from '../protocol/commands.ts'
import { receiptReply } from '../protocol/services.ts'
import type { SupplierSelf } from './desk.ts'

/** What a receipt is about; the rest is the same in all of them. */
export type Receipted = Pick<Receipt, 'customer' | 'kind' | 'subject' | 'bytes'> &
  Partial<Pick<Receipt, 'position' | 'revision'>>

/** Signs receipts. */
export interface Receipts {
  /** The answer that says: it is here, and it survives a crash. Only to be made when it does. */
  answer(receipted: Receipted): Promise<OutgoingReply>
}

/** Receipts of one device. */
export function createReceipts(self: SupplierSelf, clock: Clock): Receipts {
  return {
    async answer({ position = null, revision = null, ...receipted }) {
      const { fingerprint: supplier, deviceKey } = self
      const body = { ...receipted, position, revision, supplier, device: deviceKey.publicKey.id, date: clock.now() }
      const { bytes } = await receiptRecord.sign(body, deviceKey)
      return { command: REPLIES.ack, payload: receiptReply.encode({ receipt: bytes }) }
    },
  }
}
