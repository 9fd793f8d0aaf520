import { type Fingerprint, sha256, toHex } from '@bitdust/crypto'
import { type Coder, createWasmCoder, type SupplierCount } from '@bitdust/raid'
import { locationIdOf } from '@bitdust/records'
import { seededRandom } from '@bitdust/testing'
import { type CollectOptions, type EncodedBlock, fragmentsOf, sealAndEncode } from '../src/index.ts'

export const coder: Coder = await createWasmCoder()

const writer = toHex(sha256(new Uint8Array(1))) as Fingerprint
const location = locationIdOf(writer, 'master')

/** A block of random bytes, the same for the same arguments. */
export function makeBlock(n: SupplierCount, formedBytes: number, seed = 'block'): Promise<EncodedBlock> {
  const random = seededRandom(`${seed} ${n} ${formedBytes}`)
  return sealAndEncode({ formed: random(formedBytes), key: random(32), location, writer, n, coder })
}

/** A source of fragments in which `instead` replaces some of them; null is a holder that has none. */
export function fetchFrom(
  { fragments }: EncodedBlock,
  instead: ReadonlyMap<number, Uint8Array | null> = new Map(),
): CollectOptions['fetch'] {
  return async (index) => {
    const replaced = instead.get(index)
    return replaced === undefined ? fragments[index]! : replaced
  }
}

/** Both fragments of each of these positions, mapped to what their holders give instead. */
export function atPositions<T>(
  positions: readonly number[],
  n: number,
  give: (index: number) => T,
): ReadonlyMap<number, T> {
  const indexes = positions.flatMap((position) => Object.values(fragmentsOf(position, n)))
  return new Map(indexes.map((index) => [index, give(index)]))
}

/** The same bytes but for one bit. */
export function damaged(bytes: Uint8Array, bit = 0): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}
