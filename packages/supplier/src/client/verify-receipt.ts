import { importDevicePublicKey } from '@bitdust/crypto'
import { deviceOfPeerId, type PeerRef } from '@bitdust/identity'
import { type Opened, type Receipt, receiptRecord } from '@bitdust/records'
import { SupplierError } from '../errors.ts'

/** What a receipt has to be about. */
export type Expected = Pick<Receipt, 'customer' | 'kind' | 'subject'> & Partial<Pick<Receipt, 'position' | 'revision'>>

/**
 * Checks that the device we talk to signed a receipt, and that it is about what we sent.
 *
 * @throws {SupplierError} `RecordInvalid`, the supplier is the culprit.
 */
export async function verifyReceipt(to: PeerRef, bytes: Uint8Array, expected: Expected): Promise<Opened<Receipt>> {
  try {
    const receipt = receiptRecord.open(bytes)
    await receiptRecord.verify(receipt, 'device', importDevicePublicKey(deviceOfPeerId(to.peerId)))
    const wanted = { supplier: to.fingerprint, position: null, revision: null, ...expected }
    const { body } = receipt
    const isAbout = (Object.keys(wanted) as (keyof typeof wanted)[]).every((name) => body[name] === wanted[name])
    if (isAbout) return receipt
  } catch (cause) {
    throw wrong(to, 'cannot be verified', cause)
  }
  throw wrong(to, 'is about something else')
}

function wrong(to: PeerRef, problem: string, cause?: unknown): SupplierError {
  const why = cause === undefined ? {} : { cause }
  return new SupplierError('RecordInvalid', `the receipt ${problem}`, {
    culprit: to.fingerprint,
    subject: to.fingerprint,
    ...why,
  })
}
