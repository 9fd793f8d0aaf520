import { RaidError } from './errors.ts'
import { MAX_CODED_BYTES, MAX_FRAGMENTS } from './limits.ts'

export interface OutputOptions {
  /**
   * Where to write a fragment: called once for each that is made, before anything is written, with its index among all
   * fragments. The array is as long as a fragment and overlaps with none that is given. @default new arrays
   */
  readonly into?: (index: number) => Uint8Array
}

export interface ReconstructOptions extends OutputOptions {
  /** Indexes, 0 to 2n-1, of the fragments to restore; those that are there already may be named too. @default all that are missing */
  readonly want?: readonly number[]
}

/**
 * An erasure code over equally long fragments. Every coder makes the same bytes: fragment i of n data fragments is the
 * value at point i of the polynomial of degree < n over GF(2^8), polynomial 0x11D, through the data at points 0..n-1
 * (the systematic Vandermonde code of Backblaze, klauspost and reed-solomon-erasure).
 *
 * It corrects erasures, not errors: a fragment with wrong bytes gives a wrong result without a word, so check each
 * against its hash before. Arguments are checked before any arithmetic and never changed.
 */
export interface Coder {
  readonly name: string

  /**
   * @param data - 1 or more fragments of equal length, at least 1 byte each.
   * @param parityCount - @default as many as data.
   * @returns The parity fragments, which belong to the caller.
   * @throws {RaidError} `FragmentCorrupt` when lengths differ or are 0, `LimitExceeded` beyond {@link MAX_FRAGMENTS} or
   * {@link MAX_CODED_BYTES}, and when `into` gives an array of another length.
   */
  encode(data: readonly Uint8Array[], parityCount?: number, options?: OutputOptions): Promise<Uint8Array[]>

  /**
   * Restores lost fragments of an n + n code.
   *
   * @param fragments - All 2n, data before parity, `null` where one is missing. Any n of them are enough.
   * @returns All 2n: those given (the same arrays), those wanted, and an empty array for what is missing and not wanted.
   * @throws {RaidError} `NotEnoughFragments` with fewer than n, `FragmentCorrupt` when lengths or the number of fragments are wrong,
   * `LimitExceeded` as above and for an index out of range.
   */
  reconstruct(fragments: readonly (Uint8Array | null)[], options?: ReconstructOptions): Promise<Uint8Array[]>

  /**
   * Whether the parity of an n + n code is that of its data. If not, at least one fragment is wrong; which one, hashes tell.
   *
   * @param fragments - All 2n, data before parity.
   * @throws {RaidError} as `reconstruct`.
   */
  verify(fragments: readonly Uint8Array[]): Promise<boolean>
}

/** What every coder checks before `encode`. Returns the length of a fragment in bytes. */
export function checkData(data: readonly Uint8Array[], parityCount: number): number {
  if (data.length === 0) throw new RaidError('FragmentCorrupt', 'no data fragments')
  const total = data.length + parityCount
  if (!Number.isSafeInteger(parityCount) || parityCount < 1 || total > MAX_FRAGMENTS) {
    throw new RaidError(
      'LimitExceeded',
      `${data.length} + ${parityCount} fragments, limit is ${MAX_FRAGMENTS} and 1 parity`,
    )
  }
  return checkLengths(data, total)
}

/** What every coder checks before `reconstruct`. Returns n, the length of a fragment in bytes, and the wanted indexes that are missing. */
export function checkFragments(
  fragments: readonly (Uint8Array | null)[],
  want: readonly number[] | undefined,
): { readonly n: number; readonly size: number; readonly lost: readonly number[] } {
  const total = fragments.length
  if (total === 0 || total % 2 !== 0)
    throw new RaidError('FragmentCorrupt', `${total} fragments, an even number is expected`)
  if (total > MAX_FRAGMENTS) throw new RaidError('LimitExceeded', `${total} fragments, limit is ${MAX_FRAGMENTS}`)
  const outside = want?.find((index) => !Number.isSafeInteger(index) || index < 0 || index >= total)
  if (outside !== undefined) throw new RaidError('LimitExceeded', `fragment ${outside} of ${total} is wanted`)
  const n = total / 2
  const there = fragments.filter((fragment) => fragment !== null)
  const missing = fragments.flatMap((fragment, index) => (fragment === null ? [index] : []))
  if (there.length < n) {
    const loss = { have: there.length, need: n, missing }
    throw new RaidError('NotEnoughFragments', `${loss.have} of ${total} fragments, ${n} are needed`, loss)
  }
  const wanted = want === undefined ? missing : missing.filter((index) => want.includes(index))
  return { n, size: checkLengths(there, total), lost: wanted }
}

/** The array for one fragment that is made. Every coder asks for all of them before it writes to any. */
export function outputFor(index: number, size: number, { into }: OutputOptions): Uint8Array {
  const output = into?.(index) ?? new Uint8Array(size)
  if (output.length === size) return output
  throw new RaidError('LimitExceeded', `${output.length} bytes for fragment ${index}, which has ${size}`)
}

function checkLengths(fragments: readonly Uint8Array[], total: number): number {
  const size = fragments[0]?.length ?? 0
  const other = fragments.find((fragment) => fragment.length !== size)
  if (other !== undefined) throw new RaidError('FragmentCorrupt', `fragments of ${size} and of ${other.length} bytes`)
  if (size === 0) throw new RaidError('FragmentCorrupt', 'fragments of 0 bytes')
  if (total * size > MAX_CODED_BYTES) {
    throw new RaidError('LimitExceeded', `${total} fragments of ${size} bytes, limit is ${MAX_CODED_BYTES} bytes`)
  }
  return size
}
