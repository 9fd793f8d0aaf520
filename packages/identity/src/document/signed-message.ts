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

/** Bytes of a length, and of the number of items of a list. */
const LENGTH_BYTES = 4
/** Most bytes that UTF-8 takes for one unit of UTF-16. */
const MAX_UTF8_BYTES = 3
const encoder = new TextEncoder()

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
  const fields = SIGNED_ELEMENTS.flatMap((name): (string | number)[] => {
    const found = element(name)
    if (!isListElement(name)) return [found?.text ?? '']
    const items = found?.children ?? []
    return [items.length, ...items.map((item) => item.text)]
  })
  return writeFields(fields)
}

/** Writes u32be(length) + content for each field; a number is four bytes. Into one array: joining many small ones took longer than reading the document. */
function writeFields(fields: readonly (string | number)[]): Uint8Array {
  let most = 0
  for (const field of fields)
    most += LENGTH_BYTES + (typeof field === 'number' ? LENGTH_BYTES : MAX_UTF8_BYTES * field.length)
  const message = new Uint8Array(most)
  const view = new DataView(message.buffer)
  let end = 0
  for (const field of fields) {
    const start = end + LENGTH_BYTES
    if (typeof field === 'number') view.setUint32(start, field)
    const length = typeof field === 'number' ? LENGTH_BYTES : encoder.encodeInto(field, message.subarray(start)).written
    view.setUint32(end, length)
    end = start + length
  }
  return message.subarray(0, end)
}
