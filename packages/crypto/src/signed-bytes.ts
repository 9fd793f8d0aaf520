import { utf8Encode } from './bytes.ts'

/** Bytes of the length in front of a field. */
const LENGTH_BYTES = 4

/**
 * The bytes that are signed or authenticated: label and fields, each with its length in front, so that no bytes can
 * move from one field to the next. An absent field is a field of length 0.
 *
 * Shape: u32 BE length of label · label (UTF-8) · then for each field u32 BE length · bytes.
 *
 * @param label - One of {@link LABELS}.
 */
export function signedBytes(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const all = [utf8Encode(label), ...fields]
  const joined = new Uint8Array(all.reduce((size, field) => size + LENGTH_BYTES + field.length, 0))
  const view = new DataView(joined.buffer)
  let offset = 0
  for (const field of all) {
    view.setUint32(offset, field.length)
    joined.set(field, offset + LENGTH_BYTES)
    offset += LENGTH_BYTES + field.length
  }
  return joined
}
