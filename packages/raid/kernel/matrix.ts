import { INPUT_ADDRESSES, MATRIX, OUTPUT_ADDRESSES } from '../src/kernel/layout.ts'

/** Most rows that are computed together: their sums stay in registers, and an input is split into half bytes once for all. */
const MAX_ROWS = 6

/** Vectors of 16 bytes of each row at a time: a table is loaded once for all of them. */
const VECTORS = 2

/**
 * Source of `multiply`: rows times matrix. The rows come in groups; one or two rows alone cost nearly as much as three,
 * so 7 are 4 + 3 and not 6 + 1.
 */
export function matrixSource(): string {
  const sizes = upTo(MAX_ROWS).map((index) => index + 1)
  const cases = sizes.map((rows) => `case ${rows}: group${rows}(inputs, outputs, addresses, matrix, length); break`)
  return `
    ${lines(sizes.map(group))}
    export function multiply(inputs: usize, outputs: usize, length: usize): void {
      for (let first: usize = 0; first < outputs; ) {
        const left = outputs - first
        const rows: usize = left > 8 ? 6 : left > 6 ? 4 : left
        const addresses: usize = ${OUTPUT_ADDRESSES} + first * 4
        const matrix: usize = ${MATRIX} + first * 2
        switch (rows as i32) {
          ${lines(cases)}
        }
        first += rows
      }
    }`
}

/** Source of a function for `rows` outputs, whose addresses are at `addresses`; `matrix` has `outputs` entries per input. */
function group(rows: number): string {
  const vectors = upTo(VECTORS)
  const sums = upTo(rows).flatMap((row) => vectors.map((vector) => ({ row, vector, sum: sumOf(row, vector) })))
  return `
    function group${rows}(inputs: usize, outputs: usize, addresses: usize, matrix: usize, length: usize): void {
      const low = v128.load(LOW)
      for (let at: usize = 0; at < length; at += ${16 * VECTORS}) {
        ${lines(sums.map(({ sum }) => `let ${sum} = i8x16.splat(0)`))}
        let entry = matrix
        for (let input: usize = 0; input < inputs; input++) {
          const from: usize = at + load<u32>(${INPUT_ADDRESSES} + input * 4)
          ${lines(vectors.map(splitInput))}
          ${lines(upTo(rows).map(addProducts))}
          entry += outputs * 2
        }
        ${lines(upTo(rows).map((row) => `const to${row}: usize = at + load<u32>(addresses, ${4 * row})`))}
        ${lines(sums.map(({ row, vector, sum }) => `v128.store(to${row}, ${sum}, ${16 * vector})`))}
      }
    }`
}

/** Source: one vector of the input, its lower and its higher half bytes. */
function splitInput(vector: number): string {
  return `
    const x${vector} = v128.load(from, ${16 * vector})
    const lower${vector} = v128.and(x${vector}, low)
    const higher${vector} = v128.and(i16x8.shr_u(x${vector}, 4), low)`
}

/** Source: what the input adds to the sums of one row. */
function addProducts(row: number): string {
  const additions = upTo(VECTORS).map((vector) => {
    const product = `v128.xor(lookUp(ofLower${row}, lower${vector}), lookUp(ofHigher${row}, higher${vector}))`
    return `${sumOf(row, vector)} = v128.xor(${sumOf(row, vector)}, ${product})`
  })
  return `
    const table${row}: usize = load<u16>(entry, ${2 * row})
    const ofLower${row} = v128.load(table${row})
    const ofHigher${row} = v128.load(table${row}, 16)
    ${lines(additions)}`
}

function sumOf(row: number, vector: number): string {
  return `sum${row}_${vector}`
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function lines(statements: readonly string[]): string {
  return statements.join('\n')
}
