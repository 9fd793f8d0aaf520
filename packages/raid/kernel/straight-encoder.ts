import { PRODUCT_BYTES, PRODUCTS, pitchBytes, ROWS } from '../src/kernel/layout.ts'
import type { Step } from './program.ts'
import { encoderProgram } from './transform.ts'

/** Source of `encode<n>`: the whole transform of an n + n code without a branch, 16 bytes of every fragment at a time. */
export function straightEncoder(n: number): { readonly source: string; readonly multiplications: number } {
  const pitch = pitchBytes(2 * n)
  const steps = encoderProgram(n).steps()
  const source = `
    export function encode${n}(length: usize): void {
      const low = v128.load(LOW)
      for (let at: usize = ${ROWS}; at < ${ROWS} + length; at += 16) {
        ${steps.map((step) => statement(step, pitch)).join('\n')}
      }
    }`
  return { source, multiplications: steps.filter((step) => step.do === 'product').length }
}

function statement(step: Step, pitch: number): string {
  switch (step.do) {
    case 'load':
      return `const x${step.to} = v128.load(at, ${step.row * pitch})`
    case 'sum':
      return `const x${step.to} = v128.xor(x${step.a}, x${step.b})`
    case 'product': {
      const product = `times(x${step.b}, ${PRODUCTS + step.factor * PRODUCT_BYTES}, low)`
      return `const x${step.to} = ${step.a === null ? product : `v128.xor(x${step.a}, ${product})`}`
    }
    case 'store':
      return `v128.store(at, x${step.value}, ${step.row * pitch})`
  }
}
