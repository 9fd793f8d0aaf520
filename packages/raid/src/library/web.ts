/**
 * Outside Node nobody but the application knows where its copy of the file is served: the library has no browser entry
 * and names no address that bundlers understand.
 */
export async function libraryBytes(): Promise<Uint8Array> {
  throw new TypeError('createWasmCoder: pass the bytes of reed_solomon_erasure_bg.wasm, they cannot be found from here')
}
