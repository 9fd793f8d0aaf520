import type { Clock } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import type { BlockId } from '@bitdust/records'
import { storeQuorum } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import { CustomerError } from '../errors.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import { repairBlock } from '../repair/repair-block.ts'
import type { HeldBlock } from '../reuse/retain-blocks.ts'
import type { SentBlock } from './block-sender.ts'

/** Blocks that are topped up at the same time. */
const CONCURRENCY = 2

export interface PlacementsOptions {
  readonly location: Location
  readonly remotes: RemoteSuppliers
  readonly coder: Coder
  readonly clock: Clock
}

/** Where the blocks of one put are. */
export interface Placements {
  /** @param onPlaced - H suppliers have it. */
  add(sent: Promise<SentBlock>, onPlaced: () => void): void
  /** A block that suppliers had before; it counts for completeness, not as stored. */
  addHeld(block: HeldBlock): void
  /** Blocks that were sent. */
  readonly count: number
  /** Blocks that were there before. */
  readonly reused: number
  /** Waits until H suppliers have each block. Throws what stands in the way. */
  placed(): Promise<void>
  /**
   * Counts each block in another family than the one it was sent to; where suppliers were replaced, makes their fragments
   * again until H have it.
   *
   * @throws {CustomerError} `UploadIncomplete`
   */
  topUp(family: OpenedFamily, options: CallOptions): Promise<void>
  /** Waits until nothing is under way. @returns How it stands in this family. */
  ended(family: OpenedFamily): Promise<{ readonly complete: boolean; readonly storedBytes: number }>
}

/** A block and the positions that have it. */
interface PlacedBlock {
  readonly id: BlockId
  readonly positionBytes: number
  family: OpenedFamily
  /** Positions of that family which do not have it. */
  lacking: readonly number[]
}

export function createPlacements({ location, remotes, coder, clock }: PlacementsOptions): Placements {
  const blocks: PlacedBlock[] = []
  const placing = new Set<Promise<void>>()
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let count = 0
  let reused = 0

  function keep(set: Set<Promise<void>>, work: Promise<void>): void {
    const kept = work.catch((error) => {
      failure ??= { error }
    })
    set.add(kept)
    void kept.then(() => set.delete(kept))
  }

  async function follow(sent: Promise<SentBlock>): Promise<void> {
    const { id, family, positionBytes, rest } = await sent
    const { done } = await rest
    const lacking = [...family.body.positions.keys()].filter((position) => !done.has(position))
    blocks.push({ id, positionBytes, family, lacking })
  }

  /** Positions of `family` which do not have the block: suppliers that are new there, and those that lacked it before. */
  function lackingIn(family: OpenedFamily, block: PlacedBlock): readonly number[] {
    if (block.family.hash === family.hash) return block.lacking
    const before = block.family.body.positions
    return [...family.body.positions.entries()]
      .filter(
        ([position, { fingerprint }]) =>
          before[position]?.fingerprint !== fingerprint || block.lacking.includes(position),
      )
      .map(([position]) => position)
  }

  async function topUpBlock(block: PlacedBlock, family: OpenedFamily, { signal }: CallOptions): Promise<void> {
    const { n } = family.body
    const need = storeQuorum(n)
    const lacking = lackingIn(family, block)
    block.family = family
    block.lacking = lacking
    if (n - lacking.length >= need) return
    const holders = [...family.body.positions.keys()].filter((position) => !lacking.includes(position))
    const { stored } = await repairBlock({
      family,
      ownerKey: location.ownerKey,
      remotes,
      coder,
      clock,
      block: block.id,
      holders,
      lacking: lacking.filter(location.online),
      signal,
      onCulprit: () => {},
    })
    block.lacking = lacking.filter((position) => !stored.includes(position))
    const have = n - block.lacking.length
    if (have >= need) return
    throw new CustomerError(
      'UploadIncomplete',
      `${have} of ${need} suppliers of the new family have block ${block.id}`,
      {
        have,
        need,
        subject: block.id,
        retryable: true,
      },
    )
  }

  return {
    add(sent, onPlaced) {
      count += 1
      keep(
        placing,
        sent.then(async ({ placed }) => {
          await placed
          onPlaced()
        }),
      )
      keep(underWay, follow(sent))
    },
    addHeld({ id, family, lacking }) {
      reused += 1
      const noted = lacking.then((positions) => {
        blocks.push({ id, positionBytes: 0, family, lacking: positions })
      })
      keep(underWay, noted)
    },
    get count() {
      return count
    },
    get reused() {
      return reused
    },
    async placed() {
      while (placing.size > 0 && failure === undefined) await Promise.race(placing)
      if (failure !== undefined) throw failure.error
    },
    async topUp(family, options) {
      await Promise.all(underWay)
      const queue = new PQueue({ concurrency: CONCURRENCY })
      await queue.addAll(blocks.map((block) => () => topUpBlock(block, family, options)))
    },
    async ended(family) {
      await Promise.all(underWay)
      const { n } = family.body
      const held = blocks.map((block) => n - lackingIn(family, block).length)
      return {
        complete: held.every((positions) => positions === n),
        storedBytes: blocks.reduce((sum, { positionBytes }, index) => sum + held[index]! * positionBytes, 0),
      }
    },
  }
}
