import { devicePublicKeyOf } from '@bitdust/crypto'
import { type BlockId, blockIdOf, type Layout, layoutRecord } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Journals } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'

/** Which block is wanted, and for how many suppliers it is coded. */
export interface WantedBlock {
  readonly location: Location
  readonly block: BlockId
  readonly n: number
}

/**
 * Opens the layout that a supplier gave: it is of this very block, and signed by a device that writes in the location or
 * by its owner. Only then its roots may judge fragments.
 *
 * @throws {CustomerError} `FragmentCorrupt` for the layout of another block, `FragmentStale` for another code.
 * @throws {RecordError} When it is malformed or the signature is wrong.
 */
export async function verifiedLayout(
  bytes: Uint8Array,
  { location, block, n }: WantedBlock,
  journals: Pick<Journals, 'isAuthor'>,
): Promise<Layout> {
  const opened = layoutRecord.open(bytes)
  const { body } = opened
  if (blockIdOf(body.block) !== block || body.block.location !== location.id)
    throw new CustomerError('FragmentCorrupt', 'the layout is of another block', { subject: block })
  if (body.n !== n)
    throw new CustomerError('FragmentStale', `coded for ${body.n} suppliers, there are ${n}`, { subject: block })
  if (body.device === null) {
    await layoutRecord.verify(opened, 'owner', location.ownerKey)
    return body
  }
  if (!(await journals.isAuthor(location, body.block.writer, body.device)))
    throw new CustomerError('FragmentCorrupt', 'the layout is signed by a device that writes nothing here', {
      subject: block,
    })
  await layoutRecord.verify(opened, 'device', devicePublicKeyOf(body.device))
  return body
}
