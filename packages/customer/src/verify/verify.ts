import { randomBytes } from '@bitdust/crypto'
import type { BlockId, FamilyPosition } from '@bitdust/records'
import { fragmentsOf, verifyFragment } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import type { FragmentProblem } from '../download/fetch-block.ts'
import { verifiedLayout } from '../download/verified-layout.ts'
import { CustomerError } from '../errors.ts'
import { codeOf } from '../failure.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { Journals } from '../journal/types.ts'
import type { RemoteSuppliers } from '../ports.ts'
import { type Survey, surveyBlocks } from '../repair/survey.ts'
import { type NeededItem, type NeededOptions, neededBlocks } from './needed-blocks.ts'
import { answersOf } from './supplier-answers.ts'
import type { LostItem, VerifyProgress, VerifyReport } from './types.ts'

/** Blocks that are checked at the same time; each takes twice its size in memory. */
const CONCURRENCY = 2

export interface VerifyOptions extends NeededOptions {
  readonly remotes: Pick<RemoteSuppliers, 'listFragments' | 'getFragment'>
  readonly journals: Pick<Journals, 'isAuthor'>
  /** How much of the blocks to fetch and check, above 0 to 100. */
  readonly percent: number
  readonly onProblem: (problem: FragmentProblem) => void
  readonly onProgress?: (progress: VerifyProgress) => void
}

/** What was found at one position. */
interface Counts {
  good: number
  missing: number
  corrupt: number
}

/**
 * Asks every supplier what it holds of all blocks of a tree, then fetches every fragment of some of them, chosen by
 * chance, and checks it against the signed layout. Nothing is decoded or opened but lists of folders.
 *
 * @throws {CustomerError} `LimitExceeded` for a percentage that is none.
 */
export async function verifyStored(options: VerifyOptions): Promise<VerifyReport> {
  const { location, remotes, percent, signal, onProgress } = options
  if (!(percent > 0 && percent <= 100))
    throw new CustomerError('LimitExceeded', `${percent} percent, expected more than 0 and at most 100`)
  const family = await location.family({ signal })
  const survey = await surveyBlocks({
    family,
    customer: location.owner,
    location: location.id,
    remotes,
    online: (position) => location.online(position),
    signal,
  })
  const needed = new Set<BlockId>()
  let files = 0
  let hasUnreadable = false
  for await (const { found, blocks, unreadable } of neededBlocks(options)) {
    if (found.summary.kind !== 'folder') files += 1
    if (unreadable !== undefined) hasUnreadable = true
    for (const block of blocks) needed.add(block)
  }

  const counts = family.body.positions.map((): Counts => ({ good: 0, missing: 0, corrupt: 0 }))
  /** Good fragments of each block. */
  const kept = new Map<BlockId, number>()
  for (const block of needed) {
    const holders = survey.blocks.get(block)
    kept.set(block, 2 * survey.answered.filter((position) => holders?.[position] === 1).length)
    for (const position of survey.answered) if (holders?.[position] !== 1) counts[position]!.missing += 2
  }
  const chosen = chooseSome([...needed], Math.ceil((needed.size * percent) / 100))
  await checkAll(chosen, async (block) => {
    kept.set(block, await checkBlock(block, family, survey, counts, options))
  })

  async function checkAll(blocks: readonly BlockId[], check: (block: BlockId) => Promise<void>): Promise<void> {
    const queue = new PQueue({ concurrency: CONCURRENCY })
    const total = blocks.length
    let done = 0
    let defect: unknown = null
    onProgress?.({ done, total })
    for (const block of blocks) {
      await queue.onSizeLessThan(CONCURRENCY)
      signal.throwIfAborted()
      if (defect !== null) break
      const job = async () => {
        await check(block)
        onProgress?.({ done: ++done, total })
      }
      queue.add(job).catch((error) => {
        defect ??= error
      })
    }
    await queue.onIdle()
    signal.throwIfAborted()
    if (defect !== null) throw defect
  }

  const { n } = family.body
  const isWhole = !hasUnreadable && [...kept.values()].every((fragments) => fragments >= n)
  const unknown = 2 * (n - survey.answered.length)
  return {
    files,
    blocks: needed.size,
    checked: chosen.length,
    suppliers: answersOf(family, survey).map((answer, position) => ({ ...answer, ...counts[position]! })),
    // The tree is walked again, for names, only when something is wrong.
    lost: isWhole ? [] : await lostItems(options, n, unknown, kept),
  }
}

/** Fetches what every position says to hold of a block. @returns How many of the fragments are good. */
async function checkBlock(
  block: BlockId,
  family: OpenedFamily,
  survey: Survey,
  counts: readonly Counts[],
  options: VerifyOptions,
): Promise<number> {
  const holders = survey.blocks.get(block)
  const positions = survey.answered.filter((position) => holders?.[position] === 1)
  const found = await Promise.all(
    positions.map(async (position) => {
      const outcome = await checkPosition(block, family.body.positions[position]!, position, family.body.n, options)
      for (const kind of ['good', 'missing', 'corrupt'] as const) counts[position]![kind] += outcome[kind]
      return outcome.good
    }),
  )
  return found.reduce((sum, good) => sum + good, 0)
}

/** Fetches both fragments of one position. */
async function checkPosition(
  block: BlockId,
  peer: FamilyPosition,
  position: number,
  n: number,
  { location, remotes, journals, signal, onProblem }: VerifyOptions,
): Promise<Counts> {
  const query = { customer: location.owner, location: location.id, block, n, position, want: 'both' } as const
  const tell = (code: FragmentProblem['code']) => onProblem({ location, block, position, code })
  try {
    const found = await remotes.getFragment(peer, query, { signal })
    if (found === null) {
      tell('FragmentMissing')
      return { good: 0, missing: 2, corrupt: 0 }
    }
    const layout = await verifiedLayout(found.layout, { location, block, n }, journals)
    const { data, parity } = fragmentsOf(position, n)
    const given = [
      [data, found.data],
      [parity, found.parity],
    ] as const
    const good = given.filter(([index, bytes]) => bytes !== undefined && verifyFragment(layout, index, bytes)).length
    if (good < 2) tell('FragmentCorrupt')
    return { good, missing: 0, corrupt: 2 - good }
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error)
    const isStatement = code !== null && BLAMED.has(code)
    if (isStatement) tell(code)
    // Whoever went away meanwhile is not proven to lie: it lacks them as far as this run can tell.
    return isStatement ? { good: 0, missing: 0, corrupt: 2 } : { good: 0, missing: 2, corrupt: 0 }
  }
}

/** What shows that a supplier gave something else than it stored. */
const BLAMED: ReadonlySet<string> = new Set([
  'FragmentCorrupt',
  'FragmentStale',
  'RecordInvalid',
  'SignatureInvalid',
  'VersionUnsupported',
])

/** Items that cannot be read with the good fragments that there are. */
async function lostItems(
  options: VerifyOptions,
  n: number,
  unknown: number,
  kept: ReadonlyMap<BlockId, number>,
): Promise<readonly LostItem[]> {
  const lost: LostItem[] = []
  for await (const item of neededBlocks(options)) {
    const have = fewest(item, n, kept)
    const { kind } = item.found.summary
    // Of a folder the list counts; what is in it is listed by itself.
    const isLost = kind === 'folder' ? item.unreadable !== undefined : item.unreadable !== undefined || have < n
    if (isLost) lost.push({ path: item.found.path, have, need: n, unknown })
  }
  return lost
}

function fewest({ blocks }: NeededItem, n: number, kept: ReadonlyMap<BlockId, number>): number {
  let have = 2 * n
  for (const block of blocks) have = Math.min(have, kept.get(block) ?? 0)
  return have
}

/** Some of the items, each set of them as likely as any other. */
function chooseSome<Item>(items: Item[], count: number): readonly Item[] {
  const random = new DataView(randomBytes(4 * count).buffer)
  for (let index = 0; index < count; index++) {
    const other = index + (random.getUint32(4 * index) % (items.length - index))
    ;[items[index], items[other]] = [items[other]!, items[index]!]
  }
  return items.slice(0, count)
}
