import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'
import { MEMORY_PAGES, MODULE_CONSTANTS } from '../src/kernel/layout.ts'

const SOURCES = join(import.meta.dirname, 'assembly')

/** Compiles a kernel. The same source and version of the compiler give the same bytes everywhere. */
export async function compileKernel(source: string, { relaxed }: { readonly relaxed: boolean }): Promise<Uint8Array> {
  let compiled: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      'kernel.ts',
      ...['--outFile', 'kernel.wasm', '--runtime', 'stub', '--noAssert', '--optimizeLevel', '3'],
      ...['--initialMemory', `${MEMORY_PAGES}`, '--maximumMemory', `${MEMORY_PAGES}`],
      ...['--memoryBase', `${MODULE_CONSTANTS}`, '--enable', relaxed ? 'relaxed-simd' : 'simd'],
    ],
    {
      async readFile(name) {
        if (name === 'kernel.ts') return source
        // The compiler also asks for names that may not exist, such as field/index.ts.
        return readFile(join(SOURCES, name), 'utf8').catch(() => null)
      },
      writeFile(_name, contents) {
        if (typeof contents !== 'string') compiled = contents
      },
      listFiles: () => [],
    },
  )
  if (error !== null || compiled === undefined) throw new Error(`the kernel does not compile: ${stderr}`)
  return compiled
}
