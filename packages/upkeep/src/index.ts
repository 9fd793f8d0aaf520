/**
 * What owners and suppliers both do with BitDust data: code and verify blocks, rebuild lost fragments, choose suppliers,
 * keep books. Nothing here knows whose data it is or holds a key.
 *
 * @packageDocumentation
 */
export { decodeBlockForm, encodeBlockForm } from './block-form.ts'
export { type BlockHealth, checkBlock, type HolderAnswer } from './check-block.ts'
export { type CollectOptions, type CulpritCode, collectFragments } from './collect-fragments.ts'
export { type DecodeOptions, decodeCiphertext } from './decode-ciphertext.ts'
export { type BlockSource, codedSize, type EncodedBlock, type LayoutBody, sealAndEncode } from './encode-block.ts'
export { isUpkeepError, type Shortage, UpkeepError, type UpkeepErrorCode } from './errors.ts'
export { fragmentsOf, type PositionFragments, positionOf, verifyFragment } from './fragments.ts'
export type { KeyValueStore, StoreChange, StoreRange } from './key-value-store.ts'
export { type BlockStage, type Measure, unmeasured } from './measure.ts'
export { memoryKeyValueStore } from './memory-key-value-store.ts'
export { type Candidate, choosePlacement, type Placement, type PlacementOptions } from './placement.ts'
export { familyQuorum, readQuorum, storeQuorum, tolerance } from './quorum.ts'
export { type RebuildOptions, rebuildFragments } from './rebuild-fragments.ts'
