import type { Fingerprint } from '@bitdust/crypto'
import type { LocationId } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { MAX_LOCATIONS } from '../limits.ts'
import type { Desk } from './desk.ts'

/** Keeps the list of a customer's locations short enough for one answer. @throws {SupplierError} `LimitExceeded`. */
export async function requireRoomForLocation(
  { books }: Desk,
  customer: Fingerprint,
  location: LocationId,
): Promise<void> {
  const locations = await books.locations(customer)
  if (locations.size >= MAX_LOCATIONS && !locations.has(location))
    throw new SupplierError('LimitExceeded', `${locations.size} locations already`)
}
