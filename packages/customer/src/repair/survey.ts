import type { Fingerprint } from '@bitdust/crypto'
import type { BlockId, LocationId } from '@bitdust/records'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'

/** Which positions hold a block: one byte for each, 1 where it is listed. */
export type Holders = Uint8Array

/** What the suppliers say that they hold. */
export interface Survey {
  /** Positions that told all they have. */
  readonly answered: readonly number[]
  /** Every block of ours that somebody listed. */
  readonly blocks: ReadonlyMap<BlockId, Holders>
}

export interface SurveyOptions extends CallOptions {
  readonly family: OpenedFamily
  readonly customer: Fingerprint
  /** The one location to ask about, as members of a share must. @default all of them */
  readonly location?: LocationId
  readonly remotes: Pick<RemoteSuppliers, 'listFragments'>
  readonly online: (position: number) => boolean
}

/** Asks every supplier within reach what it holds for us. Nobody is believed more than that: a listed fragment may still be bad. */
export async function surveyBlocks(options: SurveyOptions): Promise<Survey> {
  const { family, customer, location = null, remotes, online, signal } = options
  const { n, positions } = family.body
  const blocks = new Map<BlockId, Holders>()
  const answered: number[] = []

  async function ask(position: number): Promise<void> {
    const listed = new Set<BlockId>()
    const files = remotes.listFragments(positions[position]!, { customer, location }, { signal })
    for await (const file of files) if (file.n === n && file.position === position) listed.add(file.block)
    // Only whole lists count: what half a list does not name may be there all the same.
    for (const block of listed) holdersOf(block)[position] = 1
    answered.push(position)
  }

  function holdersOf(block: BlockId): Holders {
    const holders = blocks.get(block) ?? new Uint8Array(n)
    blocks.set(block, holders)
    return holders
  }

  const tried = [...positions.keys()].filter(online)
  await Promise.allSettled(tried.map(ask))
  signal.throwIfAborted()
  return { answered: answered.sort((a, b) => a - b), blocks }
}
