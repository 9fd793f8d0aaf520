import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { describe, expect, test, vi } from 'vitest'
import { coderConformance } from '../src/conformance.ts'
import { createWasmCoder } from '../src/index.ts'
import { libraryBytes } from '../src/library/web.ts'

coderConformance('reed-solomon-erasure.wasm', createWasmCoder)

test('takes the bytes of the library, as browsers have to give them', async () => {
  const file = createRequire(import.meta.url).resolve('@subspace/reed-solomon-erasure.wasm')
  const bytes = await readFile(file.replace('index.js', 'reed_solomon_erasure_bg.wasm'))
  const coder = await createWasmCoder(bytes)
  const data = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]
  const all = [...data, ...(await coder.encode(data))]
  expect(await coder.reconstruct([null, all[1]!, null, all[3]!])).toEqual(all)
})

test('says what to do where the library cannot be found', async () => {
  await expect(libraryBytes()).rejects.toThrow('reed_solomon_erasure_bg.wasm')
})

test('bytes that are not the library fail when the coder is made', async () => {
  await expect(createWasmCoder(Uint8Array.of(1, 2, 3, 4))).rejects.toMatchObject({ name: 'CompileError' })
})

describe('instances of the library', () => {
  const WebAssembly: { Instance: new (module: object) => { readonly exports: LibraryExports } } = Reflect.get(
    globalThis,
    'WebAssembly',
  )
  interface LibraryExports {
    readonly memory: { readonly buffer: ArrayBuffer }
  }

  /** Runs `work` and returns the memory sizes of the instances that it made. */
  async function instancesOf(work: () => Promise<unknown>): Promise<number[]> {
    const spy = vi.spyOn(WebAssembly, 'Instance')
    try {
      await work()
      return spy.mock.results.map(
        ({ value }) => (value as { exports: LibraryExports }).exports.memory.buffer.byteLength,
      )
    } finally {
      spy.mockRestore()
    }
  }

  test('every reconstruction of data has its own, encoding keeps one, and lost parity needs no other', async () => {
    const coder = await createWasmCoder()
    const data = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]
    const [, ...rest] = [...data, ...(await coder.encode(data))]
    const want = [0]
    expect(await instancesOf(() => coder.encode(data))).toHaveLength(0)
    expect(await instancesOf(() => coder.reconstruct([null, ...rest], { want }))).toHaveLength(1)
    expect(await instancesOf(() => coder.reconstruct([null, ...rest], { want }))).toHaveLength(1)
    expect(await instancesOf(() => coder.reconstruct([...data, null, null]))).toHaveLength(0)
    expect(await instancesOf(() => coder.reconstruct([...data, ...rest.slice(1)]))).toHaveLength(0)
  })

  test('memory of encoding stays bounded, whatever the sizes', async () => {
    const coder = await createWasmCoder()
    const memories = await instancesOf(async () => {
      for (let round = 0; round < 150; round++) {
        const n = [2, 4, 7, 13, 18, 26][round % 6]!
        const size = 1 + ((round * 7_919) % 60_000)
        await coder.encode(Array.from({ length: n }, () => new Uint8Array(size)))
      }
    })
    // 26 + 26 fragments of 60 000 bytes take 3 MiB: an arena of 4 MiB, doubled twice on the way.
    expect(memories.length).toBeLessThanOrEqual(3)
    expect(Math.max(...memories)).toBeLessThan(21 * 1024 * 1024)
  })
})
