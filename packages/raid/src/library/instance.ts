/** A compiled module; only {@link instantiateLibrary} looks inside. */
export interface LibraryModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

/** What the module exports. Pointers are offsets into `memory`, which may grow in every call. */
interface LibraryExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly __wbindgen_malloc: (bytes: number) => number
  readonly encode: (pointer: number, bytes: number, data: number, parity: number) => number
  readonly reconstruct: (
    pointer: number,
    bytes: number,
    data: number,
    parity: number,
    flags: number,
    flagBytes: number,
  ) => number
}

/** The part of the platform that is needed here: its types come only with those of the DOM. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<LibraryModule>
  Instance: new (module: LibraryModule) => { readonly exports: object }
}

/** Result code of the library for success. Every other one is excluded by the checks before the call. */
const RESULT_OK = 0

/**
 * One instance of the library, with one arena for fragments, laid out one after the other.
 *
 * The JavaScript part of the library is left out, because its `reconstruct` frees twice what the module frees itself,
 * after which the allocator hands out memory that is in use.
 */
export interface LibraryInstance {
  /** Bytes that fit into the arena. */
  readonly arenaBytes: number
  /** Bytes of memory, which never shrinks. */
  memoryBytes(): number
  write(offset: number, bytes: Uint8Array): void
  /** Returns a copy. */
  read(offset: number, bytes: number): Uint8Array
  /** Computes parity behind the data. */
  encode(bytes: number, data: number, parity: number): void
  /** Restores data, not parity. Once per instance, since it leaves the allocator in doubt. */
  reconstruct(bytes: number, data: number, parity: number, there: readonly boolean[]): void
}

export function compileLibrary(bytes: Uint8Array): Promise<LibraryModule> {
  return WebAssembly.compile(bytes)
}

export function instantiateLibrary(module: LibraryModule, arenaBytes: number): LibraryInstance {
  const library = new WebAssembly.Instance(module).exports as LibraryExports
  const arena = library.__wbindgen_malloc(arenaBytes)
  // Not kept, because a memory that grows gets a new buffer.
  const view = (pointer: number, bytes: number) => new Uint8Array(library.memory.buffer, pointer, bytes)
  return {
    arenaBytes,
    memoryBytes: () => library.memory.buffer.byteLength,
    write: (offset, bytes) => view(arena + offset, bytes.length).set(bytes),
    read: (offset, bytes) => view(arena + offset, bytes).slice(),
    encode(bytes, data, parity) {
      check(library.encode(arena, bytes, data, parity))
    },
    reconstruct(bytes, data, parity, there) {
      // The module takes over this buffer and frees it.
      const flags = library.__wbindgen_malloc(there.length)
      view(flags, there.length).set(there.map(Number))
      check(library.reconstruct(arena, bytes, data, parity, flags, there.length))
    },
  }
}

function check(result: number): void {
  if (result !== RESULT_OK) throw new Error(`reed-solomon-erasure.wasm gave result ${result}`)
}
