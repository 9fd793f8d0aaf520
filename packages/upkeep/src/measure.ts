/** A step of making a block, for whoever looks where the time goes. */
export type BlockStage = 'compress' | 'encrypt' | 'hash' | 'code'

/** Does a piece of work, and may look how long it took. `bytes` is what goes into it. */
export type Measure<Stage extends string> = <T>(stage: Stage, bytes: number, work: () => T) => T

/** Just does it. */
export const unmeasured: Measure<string> = (_stage, _bytes, work) => work()
