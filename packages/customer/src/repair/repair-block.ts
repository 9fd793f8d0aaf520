import { devicePublicKeyOf, type RsaPublicKey, toHex, treeRoot } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { type Coder, encodeBlock, isSupplierCount } from '@bitdust/raid'
import { type BlockId, blockIdOf, type Layout, layoutRecord, type Opened } from '@bitdust/records'
import { type CulpritCode, decodeCiphertext, fragmentsOf, isUpkeepError, positionOf } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'

export interface RepairBlockOptions extends CallOptions {
  readonly family: OpenedFamily
  readonly ownerKey: RsaPublicKey
  readonly remotes: Pick<RemoteSuppliers, 'getFragment' | 'putFragments'>
  readonly coder: Coder
  readonly clock: Clock
  readonly block: BlockId
  /** Positions that are said to hold it and may be asked. */
  readonly holders: readonly number[]
  /** Positions to store it at. */
  readonly lacking: readonly number[]
  onCulprit(position: number, code: CulpritCode): void
}

/** Where the fragments of a block were stored, and where they could not be. */
export interface RepairedBlock {
  readonly stored: readonly number[]
  /** What stood in the way, by position. */
  readonly failed: ReadonlyMap<number, unknown>
}

/**
 * Makes the fragments of some positions again and stores them there. No content key is needed.
 *
 * A layout is signed by the device which wrote the block, and which devices are the writer's is not known here; so none
 * is believed. The fragments that it vouches for must give the ciphertext which the block id covers, and coding this
 * ciphertext must give every root of the layout. What is stored is then right whoever lied (T41).
 *
 * @throws {UpkeepError} `NotEnoughFragments`
 * @throws {CustomerError} `FragmentCorrupt`: no layout that any holder has is that of the block.
 */
export async function repairBlock(options: RepairBlockOptions): Promise<RepairedBlock> {
  const { family, remotes, lacking, signal } = options
  const customer = family.body.customer
  const { layout, fragments } = await recoverBlock(options)
  const stored: number[] = []
  const failed = new Map<number, unknown>()
  async function store(position: number): Promise<void> {
    const { data, parity } = fragmentsOf(position, layout.body.n)
    try {
      await remotes.putFragments(
        family.body.positions[position]!,
        { customer, layout: layout.bytes, position, data: fragments[data]!, parity: fragments[parity]! },
        { signal },
      )
      stored.push(position)
    } catch (error) {
      signal.throwIfAborted()
      failed.set(position, error)
    }
  }
  await Promise.all(lacking.map(store))
  return { stored, failed }
}

/** The block's layout, and all 2n fragments, proven to be right. */
async function recoverBlock(
  options: RepairBlockOptions,
): Promise<{ readonly layout: Opened<Layout>; readonly fragments: readonly Uint8Array[] }> {
  const { holders, block, signal } = options
  const refused = new Set<string>()
  for (const position of holders) {
    const layout = await layoutAt(position, options).catch(() => null)
    signal.throwIfAborted()
    if (layout === null || refused.has(layout.hash)) continue
    const fragments = await fragmentsBy(layout.body, options)
    if (fragments !== null) return { layout, fragments }
    refused.add(layout.hash)
  }
  throw new CustomerError('FragmentCorrupt', `block ${block}: no supplier has its layout`, { subject: block })
}

/** The layout that one supplier keeps; null when it has none, or one that is not of this block. */
async function layoutAt(
  position: number,
  { family, ownerKey, remotes, block, signal }: RepairBlockOptions,
): Promise<Opened<Layout> | null> {
  const { customer, n, positions } = family.body
  const query = { customer, block, n, position, want: 'layout' } as const
  const found = await remotes.getFragment(positions[position]!, query, { signal })
  if (found === null) return null
  const layout = layoutRecord.open(found.layout)
  const { block: record, device } = layout.body
  if (blockIdOf(record) !== block || layout.body.n !== n) return null
  if (device === null) await layoutRecord.verify(layout, 'owner', ownerKey)
  else await layoutRecord.verify(layout, 'device', devicePublicKeyOf(device))
  return layout
}

/** All fragments of the block; null when the layout turns out to be false. */
async function fragmentsBy(layout: Layout, options: RepairBlockOptions): Promise<readonly Uint8Array[] | null> {
  const { family, remotes, coder, clock, holders, block, signal, onCulprit } = options
  const { customer, n, positions } = family.body
  if (!isSupplierCount(n)) return null
  const prefer = [
    ...holders.map((position) => fragmentsOf(position, n).data),
    ...holders.map((position) => fragmentsOf(position, n).parity),
  ]
  try {
    const ciphertext = await decodeCiphertext({
      layout,
      coder,
      clock,
      prefer,
      signal,
      async fetch(index, fetchOptions) {
        const position = positionOf(index, n)
        const want = index < n ? 'data' : 'parity'
        const query = { customer, block, n, position, want } as const
        return (await remotes.getFragment(positions[position]!, query, fetchOptions))?.[want] ?? null
      },
      onCulprit: (index, code) => onCulprit(positionOf(index, n), code),
    })
    const fragments = await encodeBlock(coder, ciphertext, n)
    return fragments.every((fragment, index) => toHex(treeRoot(fragment)) === layout.roots[index]) ? fragments : null
  } catch (error) {
    // Good fragments that give another ciphertext: the layout lies about the block.
    if (isUpkeepError(error, 'FragmentCorrupt')) return null
    throw error
  }
}
