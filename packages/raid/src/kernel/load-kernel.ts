import type { Kernel } from './kernel.ts'
import { encoders, kernelModules } from './modules.ts'
import { createScalarKernel } from './scalar-kernel.ts'
import { createWasmKernel, type KernelExports } from './wasm-kernel.ts'

/** The part of the platform that is needed here: its types come only with those of the DOM. */
interface WebAssemblyPlatform {
  validate(bytes: Uint8Array): boolean
  instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: unknown } }>
}

/** The fastest kernel that works here. All make the same bytes. */
export async function loadKernel(): Promise<Kernel> {
  return (await loadWasmKernel('relaxed-simd')) ?? (await loadWasmKernel('simd')) ?? createScalarKernel()
}

/** One kernel in WebAssembly; null where it does not work. */
export async function loadWasmKernel(name: keyof typeof kernelModules): Promise<Kernel | null> {
  const bytes = Uint8Array.from(atob(kernelModules[name]), (character) => character.charCodeAt(0))
  const platform: WebAssemblyPlatform | undefined = Reflect.get(globalThis, 'WebAssembly')
  if (!platform?.validate(bytes)) return null
  try {
    const { instance } = await platform.instantiate(bytes)
    return createWasmKernel(name, instance.exports as KernelExports, encoders)
  } catch {
    // Valid and yet refused: by the content security policy of a page, or for want of address space.
    return null
  }
}
