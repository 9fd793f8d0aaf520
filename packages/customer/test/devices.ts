import type { RsaPrivateKey } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import {
  type JournalEntry,
  type JournalPayload,
  journalEntryRecord,
  journalIdOf,
  type Opened,
  sealPayload,
} from '@bitdust/records'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import type { CustomerOptions } from '../src/customer.ts'
import type { Location } from '../src/locations/types.ts'
import { customerOf, type RunningCustomer } from './customers.ts'
import type { TestCustomer, TestNetwork } from './network.ts'
import { inTime } from './setup.ts'

/** A device of the same identity without its master key; it was given nothing yet. */
export function newDevice(
  network: TestNetwork,
  { masterKey }: TestCustomer,
  options: { readonly encryptionKey?: RsaPrivateKey } = {},
): Promise<TestCustomer> {
  return network.customer({ masterKey, enrolled: true, store: memoryKeyValueStore(), ...options })
}

/** What `sealToDevice` takes for a device. */
export function given({ self }: TestCustomer) {
  return { device: self.deviceKey.publicKey.id, encryptionKey: self.encryptionKey.publicKey }
}

/** Gives locations to a new device, the private one by default, and starts it. */
export async function enrol(
  network: TestNetwork,
  { node, customer }: RunningCustomer,
  locations?: readonly Location[],
  options: Partial<CustomerOptions> = {},
): Promise<RunningCustomer> {
  const device = await newDevice(network, node)
  for (const location of locations ?? [await customer.locations.master(inTime())])
    await customer.locations.sealToDevice(location, given(device), inTime())
  return customerOf(device, options)
}

export async function textAt({ customer }: Pick<RunningCustomer, 'customer'>, path: string, location?: Location) {
  const place = location === undefined ? {} : { location }
  return new TextDecoder().decode(await (await customer.get(path, { ...place, ...inTime() })).bytes())
}

export async function pathsOf({ customer }: Pick<RunningCustomer, 'customer'>, location?: Location) {
  const place = location === undefined ? {} : { location }
  return (await Array.fromAsync(customer.list('', { ...place, ...inTime() }))).map(({ path }) => path)
}

/** The last entry that this device wrote in a location. */
export async function lastEntry(
  { node, customer }: RunningCustomer,
  location: Location,
): Promise<Opened<JournalEntry>> {
  await customer.sync({ location, ...inTime() })
  const { device } = given(node)
  const journal = journalIdOf({ location: location.id, writer: node.self.fingerprint, device })
  const kept = await Array.fromAsync(node.store.list({ prefix: `journal/${location.id}/${journal}/` }))
  return journalEntryRecord.open(kept.at(-1)![1])
}

/** Another entry of the same device behind one that it wrote, under the secret of that one: as a thief of the device would write it. */
export async function entryBehind(
  { self }: TestCustomer,
  before: Opened<JournalEntry>,
  secret: Uint8Array,
  payload: JournalPayload,
): Promise<Opened<JournalEntry>> {
  const { owner, location, writer, device, epoch, generation, family } = before.body
  const place = { owner, location, writer, device, epoch, sequence: before.body.sequence + 1, generation }
  const rest = { previous: before.hash, heads: [], family, date: before.body.date, certificate: null, writerKey: null }
  const sealed = await sealPayload(secret, place, payload)
  return journalEntryRecord.sign({ ...place, ...rest, kind: payload.kind, payload: sealed }, self.deviceKey)
}

/** Sends one entry to one supplier, as the journal's own device. */
export async function sendTo(
  { remotes }: Pick<TestCustomer, 'remotes'>,
  peer: PeerRef,
  { body, bytes }: Opened<JournalEntry>,
): Promise<void> {
  const { owner: customer, location } = body
  await remotes.appendJournal(peer, { customer, location, entries: [bytes] }, inTime())
}
