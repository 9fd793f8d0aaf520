/**
 * The additive Fourier transform over GF(2^8): values of a polynomial at 2^k points <-> its coefficients in the basis of
 * Lin, Chung and Han ("Novel polynomial basis and its application to Reed-Solomon erasure codes", 2014), over the
 * standard basis 1, 2, 4 .. of the points. Since our code evaluates one polynomial at the points 0, 1, 2 .., this gives
 * the bytes of the matrix with n log n multiplications.
 */
import { divide, multiply } from '../src/kernel/gf256.ts'
import { Program, type Value } from './program.ts'

/** Layers that are done on a group of values at a time; eight values fit into the registers of most processors. */
const LAYERS_AT_ONCE = 3

/** The polynomial of degree 2^layer that is zero at the points 0 to 2^layer - 1, at x. */
function vanishing(layer: number, x: number): number {
  if (layer === 0) return x
  return multiply(vanishing(layer - 1, x), vanishing(layer - 1, x) ^ vanishing(layer - 1, 2 ** (layer - 1)))
}

/**
 * The factor of the butterflies between the halves of the 2^(layer + 1) points that begin with `point`: the polynomial
 * above, scaled to be 1 at 2^layer.
 */
export function twiddle(layer: number, point: number): number {
  return divide(vanishing(layer, point), vanishing(layer, 2 ** layer))
}

/** Values at the points from `point` on, as many as there are coefficients, a power of two. `point` is a multiple of their number. */
function evaluate(program: Program, coefficients: readonly Value[], point: number): Value[] {
  return layers(coefficients, (values, low, high, layer, block) => {
    values[low] = program.plusTimes(values[low]!, values[high]!, twiddle(layer, point ^ block))
    values[high] = program.sum(values[high]!, values[low]!)
  })
}

/** The inverse of {@link evaluate}. */
function interpolate(program: Program, known: readonly Value[], point: number): Value[] {
  return layers(
    known,
    (values, low, high, layer, block) => {
      values[high] = program.sum(values[high]!, values[low]!)
      values[low] = program.plusTimes(values[low]!, values[high]!, twiddle(layer, point ^ block))
    },
    { upwards: true },
  )
}

type Butterfly = (values: Value[], low: number, high: number, layer: number, block: number) => void

/** All butterflies of all layers: a few layers on one group of values, then the next group, then the next few layers. */
function layers(from: readonly Value[], butterfly: Butterfly, { upwards = false } = {}): Value[] {
  const values = [...from]
  const all = Array.from({ length: Math.log2(values.length) }, (_, layer) => layer)
  const parts = Map.groupBy(all, (layer) => Math.floor(layer / LAYERS_AT_ONCE))
  const inOrder = <T>(list: Iterable<T>) => (upwards ? [...list] : [...list].reverse())
  for (const part of inOrder(parts.values())) {
    const step = 2 ** part[0]!
    const group = step * 2 ** part.length
    for (let base = 0; base < values.length; base += group) {
      for (let column = 0; column < step; column++) {
        for (const layer of inOrder(part)) {
          const half = 2 ** layer
          for (let block = base; block < base + group; block += 2 * half)
            for (let at = block + column; at < block + half; at += step) butterfly(values, at, at + half, layer, block)
        }
      }
    }
  }
  return values
}

interface Interpolation {
  /** As many as points; those from the number of known values on are zero. */
  readonly coefficients: readonly Value[]
  /** At all points. */
  readonly values: readonly Value[]
}

/**
 * The polynomial of degree < known.length through `known` at the first of `count` points, a power of two, from `point`
 * on. Where the known values end within a half, the other half of the polynomial follows from what is left over.
 */
function interpolateSome(program: Program, known: readonly Value[], count: number, point: number): Interpolation {
  if (known.length === count) return { coefficients: interpolate(program, known, point), values: known }
  if (known.length === 1)
    return {
      coefficients: [known[0]!, ...Array.from({ length: count - 1 }, () => null)],
      values: Array.from({ length: count }, () => known[0]!),
    }
  const half = count / 2
  if (known.length <= half) {
    const first = interpolateSome(program, known, half, point)
    return {
      coefficients: [...first.coefficients, ...first.coefficients.map(() => null)],
      values: [...first.values, ...evaluate(program, first.coefficients, point ^ half)],
    }
  }
  // p = q + z * r, where q and r have half the degree and z is the twiddle on the first half, one more on the second.
  const firstHalf = known.slice(0, half)
  const first = interpolate(program, firstHalf, point)
  const firstContinued = evaluate(program, first, point ^ half)
  const rest = known.slice(half).map((value, index) => program.sum(value, firstContinued[index]!))
  const second = interpolateSome(program, rest, half, point ^ half)
  const factor = twiddle(Math.log2(half), point)
  return {
    coefficients: [
      ...first.map((value, index) => program.plusTimes(value, second.coefficients[index]!, factor)),
      ...second.coefficients,
    ],
    values: [
      ...firstHalf,
      ...firstContinued.map((value, index) => known[half + index] ?? program.sum(value, second.values[index]!)),
    ],
  }
}

/** Loads rows 0 to n-1, the data of an n + n code, and stores rows n to 2n-1, its parity. */
export function encoderProgram(n: number): Program {
  const program = new Program()
  const count = 2 ** Math.ceil(Math.log2(n))
  const data = Array.from({ length: n }, (_, row) => program.load(row))
  const { coefficients, values } = interpolateSome(program, data, count, 0)
  const all = [...values, ...evaluate(program, coefficients, count)]
  for (let row = n; row < 2 * n; row++) program.store(all[row]!, row)
  return program
}
