/**
 * Which bytes of a file a request asks for, by RFC 9110, section 14.
 *
 * @param range - The `Range` header, if any. Several ranges, other units and what cannot be read are passed over, as
 *   the RFC allows: whoever sent them gets the whole file.
 * @returns `{ first, last }`, both included; `'whole'`; or `'unsatisfiable'`: nothing of what was asked for is there.
 */
export function byteRange(range, size) {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (from === undefined || from + to === '') return 'whole'
  if (from === '') return Number(to) === 0 ? 'unsatisfiable' : { first: Math.max(0, size - Number(to)), last: size - 1 }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return 'whole'
  return first < size ? { first, last } : 'unsatisfiable'
}
