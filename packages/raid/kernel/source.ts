import { PRESETS } from '../src/presets.ts'
import { matrixSource } from './matrix.ts'
import { straightEncoder } from './straight-encoder.ts'
import { wideEncoder } from './wide-encoder.ts'

/** Up to here a transform is short enough for a straight line. */
const MAX_STRAIGHT = 32

/** The AssemblyScript source of a kernel but for `assembly/`, and what its encoders cost. */
export interface KernelSource {
  readonly text: string
  /** The multiplications that a byte of every fragment takes, by number of data fragments. */
  readonly encoders: readonly (readonly [n: number, multiplications: number])[]
}

export function kernelSource(): KernelSource {
  const encoders = PRESETS.map((n) => ({ n, ...(n <= MAX_STRAIGHT ? straightEncoder(n) : wideEncoder()) }))
  const text = `
    import { lookUp, times } from './field'
    export { add, same } from './rows'
    /** 15 in every byte. */
    const LOW = memory.data<u8>([${Array.from({ length: 16 }, () => 15)}], 16)
    ${matrixSource()}
    ${encoders.map(({ source }) => source).join('\n')}`
  return { text, encoders: encoders.map(({ n, multiplications }) => [n, multiplications]) }
}
