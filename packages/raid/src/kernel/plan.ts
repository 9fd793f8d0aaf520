import { lagrangeCoefficients } from './coefficients.ts'
import type { Encoder, Kernel, Matrix } from './kernel.ts'

/** What is done with every strip of the fragments, in this order. Rows have the numbers of fragments; further ones are aside. */
export type Step =
  | { readonly do: 'clear'; readonly rows: readonly number[] }
  | { readonly do: 'encode'; readonly encoder: Encoder }
  /** Adds row `from` to row `to`. */
  | { readonly do: 'add'; readonly pairs: readonly { readonly to: number; readonly from: number }[] }
  /** With the plan's matrix. */
  | { readonly do: 'multiply' }

/** A way from given fragments to wanted ones. */
export interface Plan {
  /** Fragments of the code, given or not. */
  readonly total: number
  /** The given fragments that are used, and the rows where they go. */
  readonly given: readonly { readonly fragment: number; readonly row: number }[]
  readonly steps: readonly Step[]
  readonly matrix?: Matrix
}

/** A multiplication of an encoder costs about as much as two of a matrix, which splits its inputs once for many rows. */
const ENCODER_MULTIPLICATION = 2

/** From n data fragments to `parityCount` parity fragments. */
export function planEncoding(n: number, parityCount: number, encoders: Kernel['encoders']): Plan {
  const data = range(0, n)
  const total = n + parityCount
  const given = data.map(inOwnRow)
  const encoder = parityCount === n ? encoders.get(n) : undefined
  if (encoder !== undefined) return { total, given, steps: [{ do: 'encode', encoder }] }
  const matrix = matrixOf(data, range(n, total))
  return { total, given, steps: [{ do: 'multiply' }], matrix }
}

/**
 * From some fragments of an n + n code to lost ones.
 *
 * @param there - Indexes of the fragments that are there, n or more, ascending.
 * @param wanted - Indexes of others.
 */
export function planRestoring(
  n: number,
  there: readonly number[],
  wanted: readonly number[],
  encoders: Kernel['encoders'],
): Plan {
  const total = 2 * n
  const data = there.filter((index) => index < n)
  const lostData = range(0, n).filter((index) => !data.includes(index))
  const parity = there.filter((index) => index >= n).slice(0, lostData.length)
  const known = [...data, ...parity]
  const wantsParity = wanted.some((index) => index >= n)
  const encoder = encoders.get(n)
  const given = known.map(inOwnRow)
  // What each way costs, in multiplications of a matrix.
  const byMatrix = n * wanted.length
  const dataByMatrix = n * lostData.length
  const encoding = ENCODER_MULTIPLICATION * (encoder?.multiplications ?? Number.POSITIVE_INFINITY)
  const dataByDifference = encoding + lostData.length ** 2
  const parityByEncoder = wantsParity ? encoding : 0
  // Lost parity does not make the data worth restoring that nobody wants, unless it is cheaper so.
  if (encoder === undefined || byMatrix <= Math.min(dataByMatrix, dataByDifference) + parityByEncoder) {
    return { total, given, steps: [{ do: 'multiply' }], matrix: matrixOf(known, wanted) }
  }
  const encode: Step = { do: 'encode', encoder }
  const finish = wantsParity ? [encode] : []
  if (lostData.length === 0) return { total, given, steps: finish }
  if (dataByMatrix <= dataByDifference) {
    return { total, given, steps: [{ do: 'multiply' }, ...finish], matrix: matrixOf(known, lostData) }
  }
  return { total, ...byDifference(n, data, parity, lostData, encode, finish) }
}

/**
 * Restores data from what given parity differs by from the parity of the given data: this difference is the parity of
 * the lost data alone, so the matrix has as many columns as there are lost, not n.
 */
function byDifference(
  n: number,
  data: readonly number[],
  parity: readonly number[],
  lostData: readonly number[],
  encode: Step,
  finish: readonly Step[],
): Pick<Plan, 'given' | 'steps' | 'matrix'> {
  const aside = parity.map((fragment, index) => ({ fragment, row: 2 * n + index }))
  const matrix = {
    inputs: aside.map(({ row }) => row),
    outputs: lostData,
    coefficients: lagrangeCoefficients([...data, ...parity], lostData, parity),
  }
  const steps: Step[] = [
    { do: 'clear', rows: lostData },
    encode,
    { do: 'add', pairs: aside.map(({ fragment, row }) => ({ to: row, from: fragment })) },
    { do: 'multiply' },
    ...finish,
  ]
  return { given: [...data.map(inOwnRow), ...aside], steps, matrix }
}

function matrixOf(known: readonly number[], wanted: readonly number[]): Matrix {
  return { inputs: known, outputs: wanted, coefficients: lagrangeCoefficients(known, wanted, known) }
}

function inOwnRow(fragment: number): { fragment: number; row: number } {
  return { fragment, row: fragment }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}
