import { multiply } from './gf256.ts'
import type { Encoder, Kernel } from './kernel.ts'
import { INPUT_ADDRESSES, MATRIX, OUTPUT_ADDRESSES, PRODUCT_BYTES, PRODUCTS, ROWS } from './layout.ts'

/** What a kernel module exports. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  multiply(inputs: number, outputs: number, length: number): void
  add(to: number, from: number, length: number): void
  same(a: number, b: number, length: number): number
  readonly [encode: `encode${number}`]: Encoder['run']
}

/**
 * A kernel of WebAssembly vectors.
 *
 * @param encoders - Numbers of data fragments that have an encoder, and the multiplications that it takes.
 */
export function createWasmKernel(
  name: string,
  exports: KernelExports,
  encoders: readonly (readonly [n: number, multiplications: number])[],
): Kernel {
  const { buffer } = exports.memory
  const memory = new Uint8Array(buffer)
  const inputAddresses = new Uint32Array(buffer, INPUT_ADDRESSES)
  const outputAddresses = new Uint32Array(buffer, OUTPUT_ADDRESSES)
  const productAddresses = new Uint16Array(buffer, MATRIX)
  memory.set(productTables(), PRODUCTS)
  let inputs = 0
  let outputs = 0

  return {
    name,
    memory,
    encoders: new Map(encoders.map(([n, multiplications]) => [n, { multiplications, run: exports[`encode${n}`]! }])),

    setMatrix(matrix, pitch) {
      inputs = matrix.inputs.length
      outputs = matrix.outputs.length
      inputAddresses.set(matrix.inputs.map((row) => ROWS + row * pitch))
      outputAddresses.set(matrix.outputs.map((row) => ROWS + row * pitch))
      productAddresses.set(Uint16Array.from(matrix.coefficients, (factor) => PRODUCTS + factor * PRODUCT_BYTES))
    },

    multiply: (length) => exports.multiply(inputs, outputs, length),
    add: exports.add,
    same: (a, b, length) => exports.same(a, b, length) === 1,
  }
}

/** All tables at {@link PRODUCTS}. */
function productTables(): Uint8Array {
  const half = PRODUCT_BYTES / 2
  return Uint8Array.from({ length: 256 * PRODUCT_BYTES }, (_, index) => {
    const place = index % PRODUCT_BYTES
    return multiply(Math.floor(index / PRODUCT_BYTES), place < half ? place : (place - half) << 4)
  })
}
