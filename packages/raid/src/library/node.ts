import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** The WebAssembly file of the library, from where it is installed. */
export async function libraryBytes(): Promise<Uint8Array> {
  const require = createRequire(import.meta.url)
  return readFile(require.resolve('@subspace/reed-solomon-erasure.wasm/dist/reed_solomon_erasure_bg.wasm'))
}
