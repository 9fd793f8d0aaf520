import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coderConformance } from '../src/conformance.ts'
import { type Coder, createCoder, createWasmCoder } from '../src/index.ts'
import type { Kernel } from '../src/kernel/kernel.ts'
import { createKernelCoder } from '../src/kernel/kernel-coder.ts'
import { loadWasmKernel } from '../src/kernel/load-kernel.ts'
import { createScalarKernel } from '../src/kernel/scalar-kernel.ts'

const kernels: Record<string, () => Promise<Kernel>> = {
  'relaxed-simd': async () => (await loadWasmKernel('relaxed-simd'))!,
  simd: async () => (await loadWasmKernel('simd'))!,
  scalar: async () => createScalarKernel(),
}

for (const [name, load] of Object.entries(kernels)) {
  coderConformance(name, async () => createKernelCoder(await load()))
}
coderConformance('the default', createCoder)

/** A code, some of its fragments lost and some of those wanted, no fewer left than it takes. */
const anyCase = fc.integer({ min: 1, max: 128 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    parityCount: fc.integer({ min: 1, max: 256 - n }),
    size: fc.integer({ min: 1, max: 90 }),
    lost: fc.uniqueArray(fc.nat({ max: 2 * n - 1 }), { maxLength: n }),
    wanted: fc.infiniteStream(fc.boolean()),
    seed: fc.nat(),
  }),
)

test('law: every kernel makes the bytes of the library, for any code and any loss', { timeout: 60_000 }, async () => {
  const library = await createWasmCoder()
  const coders = await Promise.all(Object.values(kernels).map(async (load) => createKernelCoder(await load())))
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ n, parityCount, size, lost, wanted, seed }) => {
      const data = Array.from({ length: n }, (_, index) =>
        Uint8Array.from({ length: size }, (_, at) => Math.imul(seed + index * 7_919 + at, 2_654_435_761) >>> 17),
      )
      const parity = Buffer.concat(await library.encode(data, parityCount))
      const all = [...data, ...(await library.encode(data))]
      const want = lost.filter(() => wanted.next().value)
      const given = all.map((fragment, index) => (lost.includes(index) ? null : fragment))
      for (const coder of coders) {
        expect(parity.equals(Buffer.concat(await coder.encode(data, parityCount)))).toBe(true)
        const restored = await coder.reconstruct(given, { want })
        for (const index of want) expect(restored[index]).toEqual(all[index])
      }
    }),
    { numRuns: 60 },
  )
})

test.each(Object.entries(kernels))('memory of %s is small and stays as it is', async (_, load) => {
  const kernel = await load()
  const coder = createKernelCoder(kernel)
  const { buffer, byteLength } = kernel.memory
  expect(byteLength).toBeLessThan(2 * 1024 * 1024)
  for (const [n, size] of [
    [2, 100_000],
    [26, 10_000],
    [128, 1_500],
  ] as const)
    await coder.encode(Array.from({ length: n }, () => new Uint8Array(size)))
  expect(kernel.memory.buffer).toBe(buffer)
  expect(buffer.byteLength).toBe(byteLength)
})

test('calls of one coder that overlap do not mix', async () => {
  const coder = await createCoder()
  const codes = [3, 7, 64, 2, 13].map((n) => Array.from({ length: n }, (_, i) => new Uint8Array(5_000).fill(i + n)))
  const together = await Promise.all(codes.map((data) => coder.encode(data)))
  for (const [index, data] of codes.entries()) expect(await coder.encode(data)).toEqual(together[index])
})

test('fragments may be in shared memory', async () => {
  const coder = await createCoder()
  const data = [0, 1].map((index) => new Uint8Array(new SharedArrayBuffer(3)).fill(index + 7))
  const copy: Coder['encode'] = (fragments) => coder.encode(fragments.map((fragment) => fragment.slice()))
  expect(await coder.encode(data)).toEqual(await copy(data))
})
