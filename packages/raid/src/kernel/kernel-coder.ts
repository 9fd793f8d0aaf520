import { type Coder, checkData, checkFragments, outputFor } from '../coder.ts'
import type { Kernel } from './kernel.ts'
import { pitchBytes, ROWS, stripBytes } from './layout.ts'
import { type Plan, planEncoding, planRestoring, type Step } from './plan.ts'
import { createPlanCache } from './plan-cache.ts'

/** What becomes of a strip when the steps of a plan were done. Returning false ends the work. */
type Take = (at: number, length: number) => boolean

/**
 * A coder over a kernel. Fragments go through the kernel's memory in strips of a few KiB, copied in, worked on and copied
 * out while the processor has them in its cache, so the memory is the same for blocks of every size.
 */
export function createKernelCoder(kernel: Kernel): Coder {
  const { memory, encoders } = kernel
  const planFor = createPlanCache()
  let current: Plan | undefined

  function begin(plan: Plan): void {
    if (plan === current) return
    if (plan.matrix !== undefined) kernel.setMatrix(plan.matrix, pitchBytes(plan.total))
    current = plan
  }

  function run(plan: Plan, fragments: readonly (Uint8Array | null)[], size: number, take: Take): void {
    begin(plan)
    const strip = stripBytes(plan.total)
    for (let at = 0; at < size; at += strip) {
      const length = Math.min(strip, size - at)
      for (const { fragment, row } of plan.given)
        memory.set(part(fragments[fragment]!, at, length), addressOf(row, plan))
      for (const step of plan.steps) perform(step, plan, length)
      if (!take(at, length)) return
    }
  }

  function perform(step: Step, plan: Plan, length: number): void {
    switch (step.do) {
      case 'encode':
        step.encoder.run(length)
        return
      case 'multiply':
        kernel.multiply(length)
        return
      case 'add':
        for (const { to, from } of step.pairs) kernel.add(addressOf(to, plan), addressOf(from, plan), length)
        return
      case 'clear':
        for (const row of step.rows) memory.fill(0, addressOf(row, plan), addressOf(row, plan) + length)
    }
  }

  /** Runs a plan and copies some rows into arrays. */
  function make(
    plan: Plan,
    fragments: readonly (Uint8Array | null)[],
    size: number,
    outputs: readonly { readonly row: number; readonly bytes: Uint8Array }[],
  ): void {
    const strip = stripBytes(plan.total)
    // Made once: a view costs as much as copying 2 KiB.
    const rows = outputs.map(({ row }) => memory.subarray(addressOf(row, plan), addressOf(row, plan) + strip))
    run(plan, fragments, size, (at, length) => {
      for (const [index, { bytes }] of outputs.entries()) bytes.set(part(rows[index]!, 0, length), at)
      return true
    })
  }

  function encodingPlan(n: number, parityCount: number): Plan {
    return planFor(`${n} + ${parityCount}`, () => planEncoding(n, parityCount, encoders))
  }

  return {
    name: kernel.name,

    async encode(data, parityCount = data.length, options = {}) {
      const n = data.length
      const size = checkData(data, parityCount)
      const outputs = Array.from({ length: parityCount }, (_, index) => ({
        row: n + index,
        bytes: outputFor(n + index, size, options),
      }))
      make(encodingPlan(n, parityCount), data, size, outputs)
      return outputs.map(({ bytes }) => bytes)
    },

    async reconstruct(fragments, { want, ...options } = {}) {
      const { n, size, lost } = checkFragments(fragments, want)
      const result = fragments.map((fragment) => fragment ?? new Uint8Array(0))
      if (lost.length === 0) return result
      const outputs = lost.map((row) => ({ row, bytes: outputFor(row, size, options) }))
      const there = fragments.flatMap((fragment, index) => (fragment === null ? [] : [index]))
      const plan = planFor(`${there} of ${n} for ${lost}`, () => planRestoring(n, there, lost, encoders))
      make(plan, fragments, size, outputs)
      for (const { row, bytes } of outputs) result[row] = bytes
      return result
    },

    async verify(fragments) {
      const { n, size } = checkFragments(fragments, [])
      const plan = encodingPlan(n, n)
      const aside = addressOf(2 * n, plan)
      let right = true
      run(plan, fragments, size, (at, length) => {
        right = fragments.slice(n).every((fragment, index) => {
          memory.set(part(fragment, at, length), aside)
          return kernel.same(addressOf(n + index, plan), aside, length)
        })
        return right
      })
      return right
    },
  }
}

function addressOf(row: number, { total }: Plan): number {
  return ROWS + row * pitchBytes(total)
}

/** The bytes from `at` on; the array itself where these are all of them. */
function part(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return length === bytes.length ? bytes : bytes.subarray(at, at + length)
}
