import { PRODUCT_BYTES, PRODUCTS, pitchBytes, ROWS } from '../src/kernel/layout.ts'
import { twiddle } from './transform.ts'

/** 64 rows are a square: three layers of the transform are within 8 neighbours, three within 8 rows that are 8 apart. */
const N = 64
const SIDE = 8
const LAYERS = [0, 1, 2]

/** From values to coefficients or back. Where the points begin with 0, the first factor of every layer is 0. */
type Way = 'interpolate' | 'interpolateFromZero' | 'evaluate'

/** The butterflies between the halves of the 2^(layer + 1) values that begin with `block`; they share a factor. */
interface Stage {
  readonly way: Way
  readonly layer: number
  readonly block: number
}

/** Three layers on eight values. */
function stagesOf(way: Way): Stage[] {
  const layers = way === 'evaluate' ? LAYERS.toReversed() : LAYERS
  return layers.flatMap((layer) => {
    const blocks = Array.from({ length: SIDE / 2 ** (layer + 1) }, (_, index) => index * 2 ** (layer + 1))
    return blocks.map((block) => ({ way, layer, block }))
  })
}

function hasFactor({ way, block }: Stage): boolean {
  return way !== 'interpolateFromZero' || block > 0
}

/** Addresses of the products of a pass. Its rows stand for points that are 2^firstLayer apart, from `point` on. */
function factorTables(way: Way, firstLayer: number, point: number): number[] {
  return stagesOf(way)
    .filter(hasFactor)
    .map(({ layer, block }) => twiddle(layer + firstLayer, point ^ (block << firstLayer)))
    .map((factor) => PRODUCTS + factor * PRODUCT_BYTES)
}

/**
 * Source of a function that does `ways` on eight rows.
 *
 * @param stride - Bytes from one row to the next.
 * @param shift - Bytes from the rows that are read to those that are written.
 */
function pass(name: string, ways: readonly Way[], stride: number, shift: number): string {
  const rows = Array.from({ length: SIDE }, (_, row) => row)
  const stages = ways.flatMap(stagesOf)
  const factors = new Map(stages.filter(hasFactor).map((stage, index) => [stage, index]))
  return `
    function ${name}(rows: usize, length: usize, factors: usize): void {
      const low = v128.load(LOW)
      ${[...factors.values()].map((index) => `const f${index}: usize = load<u16>(factors, ${2 * index})`).join('\n')}
      for (let at = rows; at < rows + length; at += 16) {
        ${rows.map((row) => `let x${row} = v128.load(at, ${row * stride})`).join('\n')}
        ${stages.flatMap((stage) => butterflies(stage, factors.get(stage))).join('\n')}
        ${rows.map((row) => `v128.store(at, x${row}, ${row * stride + shift})`).join('\n')}
      }
    }`
}

function butterflies({ way, layer, block }: Stage, factor: number | undefined): string[] {
  const half = 2 ** layer
  return Array.from({ length: half }, (_, index) => {
    const [a, b] = [`x${block + index}`, `x${block + index + half}`]
    const multiplied = factor === undefined ? '' : `${a} = v128.xor(${a}, times(${b}, f${factor}, low))`
    const added = `${b} = v128.xor(${b}, ${a})`
    return way === 'evaluate' ? `${multiplied}\n${added}` : `${added}\n${multiplied}`
  })
}

/**
 * Source of `encode64`. As a straight line it would be eight times as long and slower: 64 values do not fit into the
 * registers. Here each is loaded and stored three times, and the data rows stay as they are.
 */
export function wideEncoder(): { readonly source: string; readonly multiplications: number } {
  const pitch = pitchBytes(2 * N)
  const sides = Array.from({ length: SIDE }, (_, side) => side * SIDE)
  const first = sides.map((side) => factorTables('interpolate', 0, side))
  const middle = [...factorTables('interpolateFromZero', 3, 0), ...factorTables('evaluate', 3, N)]
  const last = sides.map((side) => factorTables('evaluate', 0, N + side))
  const data = (tables: readonly number[]) => `memory.data<u16>([${tables}])`
  const source = `
    const FIRST = ${data(first.flat())}
    const MIDDLE = ${data(middle)}
    const LAST = ${data(last.flat())}
    ${pass('first', ['interpolate'], pitch, N * pitch)}
    ${pass('middle', ['interpolateFromZero', 'evaluate'], SIDE * pitch, 0)}
    ${pass('last', ['evaluate'], pitch, 0)}
    export function encode${N}(length: usize): void {
      const data: usize = ${ROWS}
      const parity: usize = ${ROWS + N * pitch}
      for (let side: usize = 0; side < ${SIDE}; side++) {
        first(data + side * ${SIDE * pitch}, length, FIRST + side * ${2 * first[0]!.length})
      }
      for (let side: usize = 0; side < ${SIDE}; side++) middle(parity + side * ${pitch}, length, MIDDLE)
      for (let side: usize = 0; side < ${SIDE}; side++) {
        last(parity + side * ${SIDE * pitch}, length, LAST + side * ${2 * last[0]!.length})
      }
    }`
  // Each factor multiplies as many rows as its layer has butterflies, four for every layer of eight rows.
  const skipped = 1 + 2 + 4
  return { source, multiplications: 4 * LAYERS.length * SIDE * 4 - skipped * SIDE }
}
