import type { IdentityDocument, IdentityFields } from '../document/identity-document.ts'
import { IdentityError } from '../errors.ts'

/** What the documents of one revision were made from, as far as it matters for putting them together. */
export type Ancestor = Pick<IdentityFields, 'revision' | 'certificates' | 'contacts'>

/** What a publisher knows beside the documents. */
export interface MergeKnowledge {
  /** The document before the newest one; null when it is not known. */
  readonly ancestor: Ancestor | null
  /** Certificates that were dropped here. They are in no result, whoever brings them. */
  readonly dropped: ReadonlySet<string>
}

/**
 * The fields of the newest revision. Where two devices wrote the same one, what either added stays, and what either
 * dropped is gone. When nobody knows what was there before, a certificate counts only if both have it: it is better to
 * add a device twice than to have a revoked one back (`threats.md` A6).
 */
export function mergeDocuments(
  documents: readonly IdentityDocument[],
  { ancestor, dropped }: MergeKnowledge,
): IdentityFields {
  const [first, ...rest] = documents.toSorted((a, b) => b.revision - a.revision)
  if (first === undefined) throw new IdentityError('NotFound', 'no document to change')
  const all = [first, ...rest.filter(({ revision }) => revision === first.revision)]
  const before = ancestor?.revision === first.revision - 1 ? ancestor : null
  const { sources, scrubbers, postage, date, version, revision } = first
  const certificates = merged(
    all.map((document) => document.certificates),
    (text) => before !== null && !before.certificates.includes(text),
  )
  return {
    contacts: merged(
      all.map((document) => document.contacts),
      (text) => before === null || !before.contacts.includes(text),
    ),
    certificates: certificates.filter((text) => !dropped.has(text)),
    sources,
    scrubbers,
    postage,
    date,
    version,
    revision,
  }
}

/** What stands in all lists, and what in one of them and is new. */
function merged(lists: readonly (readonly string[])[], isNew: (text: string) => boolean): readonly string[] {
  return [...new Set(lists.flat())].filter((text) => lists.every((list) => list.includes(text)) || isNew(text))
}
