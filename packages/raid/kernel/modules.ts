import { compileKernel } from './compile.ts'
import { kernelSource } from './source.ts'

/** The text of `src/kernel/modules.ts`. */
export async function modulesFile(): Promise<string> {
  const { text, encoders } = kernelSource()
  const relaxed = await compileKernel(text, { relaxed: true })
  const plain = await compileKernel(text, { relaxed: false })
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return `// Made by \`pnpm --filter @bitdust/raid kernel\` from kernel/. Do not edit.

/** Numbers of data fragments that have an encoder, and the multiplications that it takes for a byte of each of them. */
export const encoders: readonly (readonly [n: number, multiplications: number])[] = [
${encoders.map(([n, multiplications]) => `  [${n}, ${multiplications}],`).join('\n')}
]

/** WebAssembly as base64: with the vector instructions of WebAssembly 3.0, and with those of 2.0 only. */
export const kernelModules = {
  'relaxed-simd':
    '${base64(relaxed)}',
  simd: '${base64(plain)}',
}
`
}
