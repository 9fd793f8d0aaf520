import { concatBytes, u32be, utf8Encode } from '@bitdust/crypto'
import type { XmlElement } from './read-xml.ts'

/** Elements under the signature, in the order of the documents. All but `signature` itself. */
export const SIGNED_ELEMENTS = [
  'contacts',
  'sources',
  'certificates',
  'scrubbers',
  'postage',
  'date',
  'version',
  'revision',
  'publickey',
] as const

/** Which of them are lists, with the name of their items. */
export const LIST_ITEMS = {
  contacts: 'contact',
  sources: 'source',
  certificates: 'certificate',
  scrubbers: 'scrubber',
} as const

/** True for the elements that hold a list. */
export function isListElement(name: string): name is keyof typeof LIST_ITEMS {
  return Object.hasOwn(LIST_ITEMS, name)
}

/**
 * The message under an identity's signature (`threats.md` section 3): for each element in fixed order u32be(length) +
 * UTF-8 of its text; a list is the number of its items as a field of four bytes, then each item as a field. An absent
 * element is a field of length 0. So no text can move from one field to its neighbour under the same signature.
 *
 * @param element - Looks an element up by name.
 */
export function signedMessage(element: (name: string) => XmlElement | undefined): Uint8Array {
  const fields = SIGNED_ELEMENTS.flatMap((name) => {
    const found = element(name)
    if (!isListElement(name)) return [utf8Encode(found?.text ?? '')]
    const items = found?.children ?? []
    return [u32be(items.length), ...items.map((item) => utf8Encode(item.text))]
  })
  return concatBytes(...fields.flatMap((field) => [u32be(field.length), field]))
}
