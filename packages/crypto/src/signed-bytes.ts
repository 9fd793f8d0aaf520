import { concatBytes, u32be, utf8Encode } from './bytes.ts'

/**
 * The bytes that are signed or authenticated: label and fields, each with its length in front, so that no bytes can
 * move from one field to the next. An absent field is a field of length 0.
 *
 * Shape: u32 BE length of label · label (UTF-8) · then for each field u32 BE length · bytes.
 *
 * @param label - One of {@link LABELS}.
 */
export function signedBytes(label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...[utf8Encode(label), ...fields].flatMap((field) => [u32be(field.length), field]))
}
