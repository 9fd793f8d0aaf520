/**
 * Helpers that make tests of BitDust packages deterministic: keys that never change, a clock and random bytes under
 * the control of the test, damaged copies of messages, folders that remove themselves, and one rule for missing tools.
 * Not published; sources of other packages never import it, only their tests do.
 */
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './clock.ts'
export { type FlippedBit, flipBits } from './flip-bits.ts'
export { type FuzzReport, type FuzzTarget, fuzz, tryInput } from './fuzz.ts'
export { type TestKeys, testKeys } from './keys.ts'
export { type SeededRandom, seededRandom } from './random.ts'
export { readCorpus } from './read-corpus.ts'
export { requirement } from './requirement.ts'
export { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
