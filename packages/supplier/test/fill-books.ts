import { type Fingerprint, randomBytes } from '@bitdust/crypto'
import { type BlockId, fragmentName, hashOf, type LocationId } from '@bitdust/records'
import { createFragmentBook } from '../src/books/fragment-book.ts'
import { createRecordBook } from '../src/books/record-book.ts'
import { fileSize } from '../src/fragments/fragment-file.ts'
import { MIB } from './samples.ts'
import type { SupplierNode } from './world.ts'

/** Puts files of one byte a fragment straight into the stores of a supplier that does not run. */
export async function fillBooks(
  { fragments, books }: SupplierNode,
  customer: Fingerprint,
  location: LocationId,
  count: number,
  storedAt: number,
): Promise<BlockId[]> {
  const book = createFragmentBook(books)
  const shape = { layoutBytes: 1, fragmentBytes: 1 }
  const content = new Uint8Array(fileSize(shape))
  const blocks = Array.from({ length: count }, () => hashOf<BlockId>(randomBytes(32)))
  for (const block of blocks) {
    const place = { customer, block, n: 2, position: 0 }
    const name = fragmentName(place)
    await fragments.put(name, content.length, [content])
    await book.put(name, { ...place, ...shape, location, storedAt, line: null })
  }
  return blocks
}

/** Puts so many bytes of records, which nobody reads, into the books of a supplier that does not run. */
export async function fillAllowance({ books }: SupplierNode, customer: Fingerprint, bytes: number): Promise<void> {
  const book = createRecordBook(books)
  for (let left = bytes; left > 0; left -= MIB) {
    const location = hashOf<LocationId>(randomBytes(32))
    await book.put(customer, { kind: 'members', location }, new Uint8Array(Math.min(left, MIB)))
  }
}
