import { afterEach, expect, test, vi } from 'vitest'
import { createCoder } from '../src/index.ts'

const WebAssembly: { validate(bytes: Uint8Array): boolean; instantiate(bytes: Uint8Array): Promise<unknown> } =
  Reflect.get(globalThis, 'WebAssembly')

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

async function worksAs(name: string): Promise<void> {
  const coder = await createCoder()
  expect(coder.name).toBe(name)
  const data = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]
  const all = [...data, ...(await coder.encode(data))]
  expect(await coder.reconstruct([null, all[1]!, null, all[3]!])).toEqual(all)
}

test('takes the kernel with relaxed vectors where they are known', () => worksAs('relaxed-simd'))

test('takes the one with plain vectors where they are not', async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false)
  await worksAs('simd')
})

test('takes plain JavaScript where there are no vectors', async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false)
  await worksAs('scalar')
})

test('takes plain JavaScript where there is no WebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  await worksAs('scalar')
})

test('takes plain JavaScript where a page may not run WebAssembly', async () => {
  vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new EvalError('blocked by the content security policy'))
  await worksAs('scalar')
})
