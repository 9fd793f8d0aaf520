import { setTimeout as pause } from 'node:timers/promises'
import { type DeviceId, importRsaPrivateKey, type RsaPrivateKey, randomBytes } from '@bitdust/crypto'
import type { Coder } from '@bitdust/raid'
import { createWasmCoder, isSupplierCount } from '@bitdust/raid'
import { type BlockId, type JournalHead, type LocationId, layoutRecord } from '@bitdust/records'
import { testKeys, type VirtualClock } from '@bitdust/testing'
import { fragmentsOf, sealAndEncode } from '@bitdust/upkeep'
import { afterEach } from 'vitest'
import { createFamily, type FamilyOptions, type OwnFamily } from '../src/family/family.ts'
import { createLocations } from '../src/locations/locations.ts'
import type { Locations } from '../src/locations/types.ts'
import { createRepair, type RepairOptions } from '../src/repair/repair.ts'
import type { Repair } from '../src/repair/types.ts'
import { createTestNetwork, quiet, type TestCustomer, type TestNetwork, type TestNetworkOptions } from './network.ts'

export const MIB = 1024 * 1024
export const HOUR_MS = 3600 * 1000

/** Real time after which a test that hangs is ended, in ms. */
const LIMIT_MS = 30_000
/** Real time between two looks, in ms. */
const STEP_MS = 4

const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Ends something after the test. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end)
}

/** The signal of calls which are to succeed. */
export function inTime(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(LIMIT_MS) }
}

/** A network that ends with the test. */
export async function networkOf(options: TestNetworkOptions): Promise<TestNetwork> {
  const network = await createTestNetwork(options)
  atEnd(() => network.stop())
  return network
}

/** A family, started, that ends with the test. */
export async function familyOf(customer: TestCustomer, options: Partial<FamilyOptions> = {}): Promise<OwnFamily> {
  const family = createFamily({ ...customer, ...options })
  atEnd(() => family.stop())
  await family.start(inTime())
  return family
}

/** A family of `count` suppliers on a network of its own. */
export async function hired(
  count: 2 | 4 | 7,
  { spare = 0, ...options }: Partial<TestNetworkOptions> & { readonly spare?: number } = {},
  familyOptions: Partial<FamilyOptions> = {},
): Promise<{ readonly network: TestNetwork; readonly customer: TestCustomer; readonly family: OwnFamily }> {
  const network = await networkOf({ suppliers: count + spare, ...options })
  const customer = await network.customer()
  const family = await familyOf(customer, familyOptions)
  await family.hire({ count, bytes: 4 * MIB, ...inTime() })
  return { network, customer, family }
}

/** The key of a share. */
export function shareKey(): Promise<RsaPrivateKey> {
  return importRsaPrivateKey(testKeys[2048].at(-1)!)
}

/** Nobody has written anything. */
export const journalEnds = async (): Promise<ReadonlyMap<DeviceId, readonly JournalHead[]>> => new Map()

export function locationsOf(customer: TestCustomer, family: OwnFamily): Locations {
  const locations = createLocations({ ...customer, family, journalEnds })
  customer.useProver((id) => locations.prover(id))
  return locations
}

let coder: Promise<Coder> | undefined

export function testCoder(): Promise<Coder> {
  coder ??= createWasmCoder()
  return coder
}

export async function repairOf(
  customer: TestCustomer,
  family: OwnFamily,
  options: Partial<RepairOptions> = {},
): Promise<Repair> {
  const repair = createRepair({ ...customer, family, coder: await testCoder(), inFlight: new Set(), ...options })
  atEnd(() => repair.stop())
  return repair
}

/** Stores a block of random bytes at the given positions, as an upload would. */
export async function storeBlock(
  customer: TestCustomer,
  family: Pick<OwnFamily, 'current'>,
  location: LocationId,
  { positions, bytes = 5000 }: { readonly positions?: readonly number[]; readonly bytes?: number } = {},
): Promise<BlockId> {
  const current = family.current()
  if (current === null || !isSupplierCount(current.body.n)) throw new Error('no family')
  const { n, positions: peers } = current.body
  const { id, layoutBody, fragments } = await sealAndEncode({
    formed: randomBytes(bytes),
    key: randomBytes(32),
    location,
    writer: customer.self.fingerprint,
    n,
    coder: await testCoder(),
  })
  const { deviceKey } = customer.self
  const layout = await layoutRecord.sign({ ...layoutBody, signer: 'writer', device: deviceKey.publicKey.id }, deviceKey)
  for (const position of positions ?? peers.keys()) {
    const { data, parity } = fragmentsOf(position, n)
    await customer.remotes.putFragments(
      peers[position]!,
      {
        customer: customer.self.fingerprint,
        layout: layout.bytes,
        position,
        data: fragments[data]!,
        parity: fragments[parity]!,
      },
      inTime(),
    )
  }
  return id
}

/** Positions at which a block is listed. */
export async function holdersOf(
  customer: TestCustomer,
  family: Pick<OwnFamily, 'current'>,
  block: BlockId,
): Promise<readonly number[]> {
  const holders: number[] = []
  for (const [position, peer] of (family.current()?.body.positions ?? []).entries()) {
    const query = { customer: customer.self.fingerprint, location: null }
    for await (const listed of customer.remotes.listFragments(peer, query, inTime()))
      if (listed.block === block && listed.position === position) holders.push(position)
  }
  return holders
}

/** Waits until something holds; with a virtual clock, `stepMs` of its time pass between two looks. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  time?: { readonly clock: VirtualClock; readonly stepMs: number },
): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('waited too long')
    if (time === undefined) {
      await pause(STEP_MS)
      continue
    }
    await quiet()
    await time.clock.advance(time.stepMs)
  }
}
