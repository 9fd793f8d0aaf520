import { type Coder, checkData, checkFragments, outputFor } from './coder.ts'
import { compileLibrary, instantiateLibrary, type LibraryInstance } from './library/instance.ts'

/** Smallest arena of the instance that is kept, in bytes. Arenas double, so that growing blocks cost few new instances. */
const MIN_ARENA_BYTES = 1024 * 1024

/** Memory beyond its arena, in bytes, at which the instance that is kept gives way to a new one: its allocator leaks. */
const MAX_SLACK_BYTES = 16 * 1024 * 1024

/**
 * A coder over `@subspace/reed-solomon-erasure.wasm`, with what the library leaves undone: arguments are checked before
 * each call, parity is restored, and memory stays bounded. The module is compiled once, here. It makes the bytes of
 * `createCoder`, slower: for comparison, or where code of many years is preferred.
 *
 * @param wasm - The file `reed_solomon_erasure_bg.wasm` of the library. @default found where it is installed, on Node only
 * @throws {TypeError} outside Node without `wasm`.
 */
export async function createWasmCoder(wasm?: Uint8Array): Promise<Coder> {
  const module = await compileLibrary(wasm ?? (await installedLibrary()))
  let encoder: LibraryInstance | undefined

  /** The instance that is kept for encoding, with an arena of at least `bytes`. */
  function encoderFor(bytes: number): LibraryInstance {
    const fits = encoder !== undefined && bytes <= encoder.arenaBytes
    if (encoder === undefined || !fits || encoder.memoryBytes() - encoder.arenaBytes > MAX_SLACK_BYTES) {
      encoder = instantiateLibrary(module, 2 ** Math.ceil(Math.log2(Math.max(bytes, MIN_ARENA_BYTES))))
    }
    return encoder
  }

  function encode(data: readonly Uint8Array[], parityCount: number, size: number): Uint8Array[] {
    const bytes = (data.length + parityCount) * size
    const instance = encoderFor(bytes)
    for (const [index, fragment] of data.entries()) instance.write(index * size, fragment)
    instance.encode(bytes, data.length, parityCount)
    return Array.from({ length: parityCount }, (_, row) => instance.read((data.length + row) * size, size))
  }

  /** Restores data fragments, in an instance of its own. */
  function restoreData(fragments: readonly (Uint8Array | null)[], n: number, size: number): Uint8Array[] {
    const bytes = fragments.length * size
    const instance = instantiateLibrary(module, bytes)
    for (const [index, fragment] of fragments.entries()) if (fragment !== null) instance.write(index * size, fragment)
    instance.reconstruct(
      bytes,
      n,
      n,
      fragments.map((fragment) => fragment !== null),
    )
    return fragments.slice(0, n).map((fragment, index) => fragment ?? instance.read(index * size, size))
  }

  return {
    name: 'reed-solomon-erasure.wasm',

    async encode(data, parityCount = data.length, options = {}) {
      const size = checkData(data, parityCount)
      const outputs = Array.from({ length: parityCount }, (_, row) => outputFor(data.length + row, size, options))
      for (const [row, parity] of encode(data, parityCount, size).entries()) outputs[row]!.set(parity)
      return outputs
    },

    async reconstruct(fragments, { want, ...options } = {}) {
      const { n, size, lost } = checkFragments(fragments, want)
      const result = fragments.map((fragment) => fragment ?? new Uint8Array(0))
      if (lost.length === 0) return result
      const outputs = lost.map((index) => outputFor(index, size, options))
      const data = fragments.slice(0, n).includes(null) ? restoreData(fragments, n, size) : result.slice(0, n)
      // A row of parity does not depend on how many follow it, so the last one wanted ends the work.
      const rows = Math.max(...lost) - n + 1
      const parity = rows > 0 ? encode(data, rows, size) : []
      for (const [position, index] of lost.entries()) {
        outputs[position]!.set([...data, ...parity][index]!)
        result[index] = outputs[position]!
      }
      return result
    },

    async verify(fragments) {
      const { n, size } = checkFragments(fragments, [])
      const parity = encode(fragments.slice(0, n), n, size)
      return parity.every((bytes, row) => bytes.every((byte, at) => byte === fragments[n + row]![at]))
    },
  }
}

/** Loaded when it is needed, so that whoever uses the other coder loads neither the library nor what finds it. */
async function installedLibrary(): Promise<Uint8Array> {
  const { libraryBytes } = await import('#library-bytes')
  return libraryBytes()
}
