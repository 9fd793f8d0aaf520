/**
 * Bytes to fragments and back: a systematic Reed-Solomon code with as many parity as data fragments, in presets per
 * number of suppliers. Pure computation: no encryption, no names, no network, no time.
 *
 * @packageDocumentation
 */
export { decodeBlock, encodeBlock } from './block.ts'
export type { Coder, OutputOptions, ReconstructOptions } from './coder.ts'
export { createCoder } from './create-coder.ts'
export { isRaidError, type Loss, RaidError, type RaidErrorCode } from './errors.ts'
export { MAX_CODED_BYTES, MAX_FRAGMENTS } from './limits.ts'
export { isSupplierCount, PRESETS, type SupplierCount } from './presets.ts'
export { fragmentSize, joinBlock, splitBlock } from './split-block.ts'
export { createWasmCoder } from './wasm-coder.ts'
