import type { PeerRef } from '@bitdust/identity'
import {
  type JournalEntry,
  type JournalHead,
  journalEntryRecord,
  journalIdOf,
  type LocationId,
  type Opened,
} from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import { copyRecords } from '../src/family/copy-records.ts'
import type { OwnFamily } from '../src/family/family.ts'
import type { RemoteSuppliers } from '../src/ports.ts'
import type { TestCustomer } from './network.ts'
import { familyOf, hired, inTime, locationsOf, repairOf } from './setup.ts'

/** Entries of the journal of this customer's device, behind `before`. */
async function journalOf(
  { self }: TestCustomer,
  location: LocationId,
  count: number,
  before: Opened<JournalEntry> | null = null,
  kind: JournalEntry['kind'] = 'put',
): Promise<Opened<JournalEntry>[]> {
  const entries: Opened<JournalEntry>[] = []
  let last = before
  for (let i = 0; i < count; i++) {
    const isFirst: boolean = last === null
    const body: JournalEntry = {
      owner: self.fingerprint,
      location,
      writer: self.fingerprint,
      device: self.deviceKey.publicKey.id,
      epoch: 0,
      sequence: last === null ? 0 : last.body.sequence + 1,
      previous: last === null ? null : last.hash,
      heads: [],
      family: 1,
      date: 0,
      kind,
      generation: 1,
      payload: new Uint8Array(100).fill(i),
      certificate: isFirst ? self.certificate : null,
      writerKey: isFirst ? self.masterPublicKey.spki : null,
    }
    last = await journalEntryRecord.sign(body, self.deviceKey)
    entries.push(last)
  }
  return entries
}

async function append(
  customer: TestCustomer,
  peer: PeerRef,
  location: LocationId,
  entries: readonly Opened<JournalEntry>[],
): Promise<void> {
  const records = entries.map(({ bytes }) => bytes)
  await customer.remotes.appendJournal(
    peer,
    { customer: customer.self.fingerprint, location, entries: records },
    inTime(),
  )
}

async function headsAt(customer: TestCustomer, peer: PeerRef, location: LocationId): Promise<readonly JournalHead[]> {
  return customer.remotes.journalHeads(peer, { customer: customer.self.fingerprint, location }, inTime())
}

function everybody(customer: TestCustomer, family: OwnFamily) {
  const { positions } = family.current()!.body
  const { fingerprint, masterPublicKey } = customer.self
  return { customer: fingerprint, ownerKey: masterPublicKey, sources: positions, targets: positions, ...inTime() }
}

describe('copyRecords', () => {
  it('brings everybody to the longest journal, whoever has it', async () => {
    const { customer, family } = await hired(4)
    const { id } = await locationsOf(customer, family).master(inTime())
    const { positions } = family.current()!.body
    const entries = await journalOf(customer, id, 20)
    await append(customer, positions[1]!, id, entries)
    await append(customer, positions[3]!, id, entries.slice(0, 7))
    const outcome = await copyRecords({ ...everybody(customer, family), remotes: customer.remotes })
    expect(outcome).toMatchObject({ answered: 4 })
    expect(outcome.failed.size).toBe(0)
    for (const peer of positions)
      expect(await headsAt(customer, peer, id)).toMatchObject([
        { journal: journalIdOf(entries[0]!.body), sequence: 19, hash: entries.at(-1)?.hash },
      ])
  })

  it('is part of repair: a supplier that missed a change of the family gets old entries too', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const { id } = await locationsOf(customer, family).master(inTime())
    const entries = await journalOf(customer, id, 3)
    const { positions } = family.current()!.body
    for (const peer of positions.slice(0, 3)) await append(customer, peer, id, entries)
    const away = network.supplierOf(positions[3]!)
    away.down()
    await family.replace(0, inTime())
    away.up()
    const repair = await repairOf(customer, family)
    await repair.run(inTime())
    for (const peer of family.current()!.body.positions) {
      expect(await headsAt(customer, peer, id)).toMatchObject([{ sequence: 2, hash: entries[2]?.hash }])
      const state = await customer.remotes.ping(peer, { customer: customer.self.fingerprint }, inTime())
      expect(state.familyRevision).toBe(2)
    }
  })

  it('gets a new supplier ready before the family names it, and again for what was written meanwhile', async () => {
    const { network, customer, family: first } = await hired(4, { spare: 1 })
    const { id } = await locationsOf(customer, first).master(inTime())
    const entries = await journalOf(customer, id, 3)
    const { positions } = first.current()!.body
    for (const peer of positions) await append(customer, peer, id, entries.slice(0, 2))
    await first.stop()
    const added = network.suppliers.find(({ self }) =>
      positions.every(({ fingerprint }) => fingerprint !== self.fingerprint),
    )!
    let readyWith: readonly JournalHead[] | null = null
    const remotes: TestCustomer['remotes'] = {
      ...customer.remotes,
      async putRecord(to, record, options) {
        if (record.kind === 'family' && readyWith === null) {
          readyWith = await headsAt(customer, added.peer, id)
          for (const peer of positions) await append(customer, peer, id, entries.slice(2))
        }
        return customer.remotes.putRecord(to, record, options)
      },
    }
    const family = await familyOf(customer, { remotes })
    await family.replace(1, inTime())
    expect(family.current()?.body.positions[1]?.fingerprint).toBe(added.self.fingerprint)
    expect(readyWith).toMatchObject([{ sequence: 1 }])
    expect(await headsAt(customer, added.peer, id)).toMatchObject([{ sequence: 2 }])
  })

  it('does not let a supplier that boasts hold up the others', async () => {
    const { customer, family } = await hired(4)
    const { id } = await locationsOf(customer, family).master(inTime())
    const { positions } = family.current()!.body
    const entries = await journalOf(customer, id, 5)
    await append(customer, positions[1]!, id, entries)
    await append(customer, positions[0]!, id, entries.slice(0, 1))
    const remotes: RemoteSuppliers = {
      ...customer.remotes,
      async journalHeads(to, query, options) {
        const heads = await customer.remotes.journalHeads(to, query, options)
        return to.fingerprint === positions[0]!.fingerprint
          ? heads.map((head) => ({ ...head, sequence: 1_000_000 }))
          : heads
      },
    }
    const { failed } = await copyRecords({ ...everybody(customer, family), remotes })
    expect(failed.size).toBe(0)
    for (const peer of positions.slice(1))
      expect(await headsAt(customer, peer, id)).toMatchObject([{ sequence: 4, hash: entries[4]?.hash }])
  })

  it('leaves forks as they are: each supplier keeps the one that it saw first', async () => {
    const { customer, family } = await hired(2)
    const { id } = await locationsOf(customer, family).master(inTime())
    const { positions } = family.current()!.body
    const [first] = await journalOf(customer, id, 1)
    const left = await journalOf(customer, id, 3, first)
    // Ed25519 signs equal bodies equally, so the fork must say something else.
    const right = await journalOf(customer, id, 1, first, 'delete')
    await append(customer, positions[0]!, id, [first!, ...left])
    await append(customer, positions[1]!, id, [first!, ...right])
    const { failed } = await copyRecords({ ...everybody(customer, family), remotes: customer.remotes })
    expect(failed.size).toBe(0)
    expect(await headsAt(customer, positions[0]!, id)).toMatchObject([{ hash: left.at(-1)?.hash }])
    expect(await headsAt(customer, positions[1]!, id)).toMatchObject([{ hash: right.at(-1)?.hash }])
  })

  it('tells who could not be brought up to date', async () => {
    const { network, customer, family } = await hired(4)
    const { id } = await locationsOf(customer, family).master(inTime())
    const { positions } = family.current()!.body
    await append(customer, positions[0]!, id, await journalOf(customer, id, 2))
    network.supplierOf(positions[2]!).down()
    const { answered, failed } = await copyRecords({ ...everybody(customer, family), remotes: customer.remotes })
    expect(answered).toBe(3)
    expect([...failed.keys()]).toEqual([positions[2]?.fingerprint])
  })
})
