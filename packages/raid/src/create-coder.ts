import type { Coder } from './coder.ts'
import { createKernelCoder } from './kernel/kernel-coder.ts'
import { loadKernel } from './kernel/load-kernel.ts'

/**
 * The coder to use: a kernel of our own in WebAssembly vectors, the fastest that the platform has, and plain JavaScript
 * where it has none. Needs no file and no network, so it works in Node, browsers and workers alike.
 *
 * It keeps half a MiB of memory for blocks of any size; make one and keep it.
 */
export async function createCoder(): Promise<Coder> {
  return createKernelCoder(await loadKernel())
}
