import { multiply } from './gf256.ts'
import type { Kernel } from './kernel.ts'
import { MEMORY_PAGES, PAGE_BYTES, ROWS } from './layout.ts'

/** A kernel in plain JavaScript, for where there is no WebAssembly. */
export function createScalarKernel(): Kernel {
  const memory = new Uint8Array(MEMORY_PAGES * PAGE_BYTES)
  const products = Uint8Array.from({ length: 256 * 256 }, (_, index) => multiply(index >> 8, index & 0xff))
  let inputs: readonly number[] = []
  let outputs: readonly number[] = []
  let coefficients = new Uint8Array(0)

  return {
    name: 'scalar',
    memory,
    encoders: new Map(),

    setMatrix(matrix, pitch) {
      inputs = matrix.inputs.map((row) => ROWS + row * pitch)
      outputs = matrix.outputs.map((row) => ROWS + row * pitch)
      coefficients = matrix.coefficients
    },

    multiply(length) {
      for (const [row, output] of outputs.entries()) {
        memory.fill(0, output, output + length)
        for (const [column, input] of inputs.entries()) {
          const table = coefficients[column * outputs.length + row]! << 8
          addProducts(memory, output, input, length, products.subarray(table, table + 256))
        }
      }
    },

    add(to, from, length) {
      for (let at = 0; at < length; at++) memory[to + at]! ^= memory[from + at]!
    },

    same(a, b, length) {
      for (let at = 0; at < length; at++) if (memory[a + at] !== memory[b + at]) return false
      return true
    },
  }
}

/** A function of its own: V8 makes it half as fast again as the same loop within the closure. */
function addProducts(memory: Uint8Array, to: number, from: number, length: number, table: Uint8Array): void {
  for (let at = 0; at < length; at++) memory[to + at]! ^= table[memory[from + at]!]!
}
