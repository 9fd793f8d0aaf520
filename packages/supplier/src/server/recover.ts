import type { Books } from '../books/books.ts'
import type { NamedFragment } from '../books/fragment-book.ts'
import type { Customers } from '../contract/customers.ts'
import { fileSize } from '../fragments/fragment-file.ts'
import type { FragmentStore, StoredFile } from '../fragments/fragment-store.ts'

/** What is put in order before a supplier answers. */
export interface RecoverOptions {
  readonly books: Books
  readonly fragments: FragmentStore
  /** Loaded. */
  readonly customers: Customers
  /** Gives up between two files. */
  readonly signal: AbortSignal
}

/**
 * Brings files and books together after a stop of any kind, and counts what everybody uses. A file without an entry was
 * never acknowledged, or was being deleted: it goes. An entry whose file is missing or has another size goes too, so that
 * lists tell the truth and the customer repairs. What belongs to nobody goes.
 */
export async function recover({ books, fragments, customers, signal }: RecoverOptions): Promise<void> {
  await fragments.sweep()
  for await (const [entry, file] of matched(books.fragments.list(), fragments.list())) {
    signal.throwIfAborted()
    const account = entry === null ? undefined : customers.get(entry.customer)?.account
    if (account !== undefined && entry !== null && file?.size === fileSize(entry)) account.add(file.size, entry.line)
    else {
      if (entry !== null) await books.fragments.remove([entry])
      if (file !== null) await fragments.delete(file.name)
    }
  }
  for (const customer of await books.customers()) {
    const account = customers.get(customer)?.account
    if (account === undefined) await books.forget(customer)
    else {
      for await (const bytes of books.records.sizes(customer)) account.addToAllowance(bytes)
      for await (const bytes of books.journals.sizes(customer)) account.addToAllowance(bytes)
    }
  }
}

/** Walks two lists in the same order side by side; what has no partner comes with null. */
async function* matched(
  entries: AsyncIterable<NamedFragment>,
  files: AsyncIterable<StoredFile>,
): AsyncGenerator<readonly [NamedFragment | null, StoredFile | null], void, undefined> {
  const left = entries[Symbol.asyncIterator]()
  const right = files[Symbol.asyncIterator]()
  try {
    let entry = await next(left)
    let file = await next(right)
    while (entry !== null || file !== null) {
      const takesEntry = entry !== null && (file === null || entry.name <= file.name)
      const takesFile = file !== null && (entry === null || file.name <= entry.name)
      yield [takesEntry ? entry : null, takesFile ? file : null]
      if (takesEntry) entry = await next(left)
      if (takesFile) file = await next(right)
    }
  } finally {
    await left.return?.()
    await right.return?.()
  }
}

async function next<T>(iterator: AsyncIterator<T>): Promise<T | null> {
  const { done, value } = await iterator.next()
  return done === true ? null : value
}
