import type { BlockId } from '@bitdust/records'
import { storeQuorum } from '@bitdust/upkeep'
import type { OpenedFamily } from '../family/types.ts'
import { handledLater } from '../handled-later.ts'
import { atSuppliers, type SupplierOutcome } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'

/** Most blocks in one question to a supplier. */
const MAX_BLOCKS = 256

/** A block that H suppliers have and keep. */
export interface HeldBlock {
  readonly id: BlockId
  readonly family: OpenedFamily
  /** Positions that do not have it, or did not answer; known a little later, never rejects. */
  readonly lacking: Promise<readonly number[]>
}

/** Makes sure of blocks before they are referred to again. */
export interface Retainer {
  /**
   * Asks the suppliers once for each block; questions that come while others are under way are asked together.
   *
   * @returns Null when less than H of them have it.
   * @throws {CustomerError} `UploadIncomplete` when less than H of them answer.
   */
  confirm(block: BlockId): Promise<HeldBlock | null>
}

export interface RetainerOptions extends CallOptions {
  readonly location: Location
  readonly remotes: Pick<RemoteSuppliers, 'retainBlocks'>
  /** Told of every block that was confirmed, once. */
  readonly onHeld: (block: HeldBlock) => void
}

interface Question {
  readonly block: BlockId
  readonly answer: PromiseWithResolvers<HeldBlock | null>
}

/** For one put. */
export function createRetainer({ location, remotes, signal, onHeld }: RetainerOptions): Retainer {
  const asked = new Map<BlockId, Promise<HeldBlock | null>>()
  const waiting: Question[] = []
  let isAsking = false

  async function askAll(): Promise<void> {
    isAsking = true
    while (waiting.length > 0) {
      const questions = waiting.splice(0, MAX_BLOCKS)
      try {
        await ask(questions)
      } catch (error) {
        for (const { answer } of questions) answer.reject(error)
      }
    }
    isAsking = false
  }

  async function ask(questions: readonly Question[]): Promise<void> {
    const family = await location.family({ signal })
    const need = storeQuorum(family.body.n)
    const blocks = questions.map(({ block }) => block)
    const query = { customer: location.owner, location: location.id, blocks }
    const { done, rest } = await atSuppliers(
      family,
      need,
      async (peer, _, taskSignal) => new Set(await remotes.retainBlocks(peer, query, { signal: taskSignal })),
      { signal, online: location.online, subject: location.id },
    )
    const isHeld = (block: BlockId, answers: ReadonlyMap<number, ReadonlySet<BlockId>>) =>
      [...answers.values()].filter((held) => held.has(block)).length >= need
    // Whoever has not answered yet matters only for a block that one of the others lacks.
    const known = blocks.every((block) => isHeld(block, done)) ? done : (await rest).done
    for (const { block, answer } of questions) {
      if (!isHeld(block, known)) {
        answer.resolve(null)
        continue
      }
      const held = { id: block, family, lacking: lackingIn(rest, family, block) }
      onHeld(held)
      answer.resolve(held)
    }
  }

  return {
    confirm(block) {
      const before = asked.get(block)
      if (before !== undefined) return before
      const answer = Promise.withResolvers<HeldBlock | null>()
      asked.set(block, handledLater(answer.promise))
      waiting.push({ block, answer })
      if (!isAsking) void askAll()
      return answer.promise
    },
  }
}

async function lackingIn(
  rest: Promise<SupplierOutcome<ReadonlySet<BlockId>>>,
  family: OpenedFamily,
  block: BlockId,
): Promise<readonly number[]> {
  const { done } = await rest
  return [...family.body.positions.keys()].filter((position) => done.get(position)?.has(block) !== true)
}
