// Keys of the books. Ids are 64 hex digits, numbers have leading zeros, so the order of keys is the order of numbers.
//
// contract/<customer>                                     contract and the customer's key
// file/<name>                                             what a fragment file holds, and of whom
// at/<customer>/<location>/<block>/<n>/<position>         name of the file: to list by location
// block/<customer>/<block>/<n>/<position>                 name of the file: to find all of a block
// record/<customer>/family                                record as it came
// record/<customer>/header|members/<location>             record as it came
// head/<customer>/<location>/<journal>                    where the journal ends
// entry/<customer>/<location>/<journal>/<sequence>        entry as it came

/** One key of its parts. */
export function keyOf(...parts: readonly string[]): string {
  return parts.join('/')
}

/** What all keys below these parts begin with. */
export function prefixOf(...parts: readonly string[]): string {
  return `${parts.join('/')}/`
}

/** The last part of a key. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

/** Number of suppliers, or supplier position, as part of a key. */
export function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** Sequence number as part of a key; 16 digits hold every safe integer. */
export function sixteenDigits(number: number): string {
  return String(number).padStart(16, '0')
}
