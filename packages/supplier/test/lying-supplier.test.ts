import { randomBytes } from '@bitdust/crypto'
import { peerIdOfDevice } from '@bitdust/identity'
import { contractRecord, hashOf, type JournalId, offerRecord, type Receipt, receiptRecord } from '@bitdust/records'
import { describe, expect, test } from 'vitest'
import { type OutgoingReply, SupplierError } from '../src/index.ts'
import { encodeEntries } from '../src/protocol/entries.ts'
import { filesReply, fragmentsReply } from '../src/protocol/fragments.ts'
import { entriesReply } from '../src/protocol/journals.ts'
import { contractReply, offerReply, receiptReply } from '../src/protocol/services.ts'
import { codeOf, DAY_MS, masterOf, sampleBlock, sampleContract, sampleHeader, sampleJournal } from './samples.ts'
import { createWorld } from './world.ts'

/** Somebody who answers commands as the test says, and a customer who believes that he is a supplier. */
async function aliceAndLiar() {
  const world = createWorld()
  const liar = await world.supplier('liar', { attach: false })
  const alice = await world.person('alice')
  const answers = new Map<string, () => Promise<OutgoingReply>>()
  for (const command of [
    'Data',
    'Retrieve',
    'ListFiles',
    'Record',
    'Journal',
    'RetrieveJournal',
    'RequestService',
    'Ping',
  ])
    liar.transport.handle(command, () => answers.get(command)!(), { bodyCheck: 'handler' })
  const customer = alice.ref.fingerprint
  const to = liar.ref
  const location = masterOf(alice)
  /** Outcome of a call, and whom it blames. */
  async function outcome(call: Promise<unknown>) {
    const error = await call.then(
      () => null,
      (thrown) => thrown,
    )
    return error instanceof SupplierError ? [error.code, error.culprit === to.fingerprint] : error
  }
  const ack =
    (payload: Uint8Array, rest: Partial<OutgoingReply> = {}) =>
    async () => ({ command: 'Ack', payload, ...rest })
  return { ...world, liar, alice, answers, customer, to, location, outcome, ack }
}

describe('a receipt', () => {
  test('about something else, or that the supplier did not sign, is refused', async () => {
    const { liar, alice, answers, customer, to, location, outcome, ack } = await aliceAndLiar()
    const block = await sampleBlock(alice, location)
    const honest: Receipt = {
      supplier: to.fingerprint,
      device: liar.deviceKey.publicKey.id,
      customer,
      kind: 'fragments',
      subject: block.id,
      position: 0,
      revision: null,
      bytes: 1,
      date: 0,
    }
    const receive = async (change: Partial<Receipt>, key = liar.deviceKey) => {
      const { bytes } = await receiptRecord.sign({ ...honest, ...change }, key)
      answers.set('Data', ack(receiptReply.encode({ receipt: bytes })))
      return outcome(alice.client.putFragments(to, { customer, ...block.at(0) }))
    }
    expect(await receive({})).toBeNull()
    for (const change of [
      { supplier: customer },
      { customer: to.fingerprint },
      { kind: 'journal' as const },
      { subject: hashOf(randomBytes(1)) },
      { position: 1 },
      { position: null },
      { revision: 1 },
    ])
      expect([change, await receive(change)]).toEqual([change, ['RecordInvalid', true]])
    const bySomebody = await receive({ device: alice.deviceKey.publicKey.id }, alice.deviceKey)
    expect(bySomebody).toEqual(['RecordInvalid', true])
    const unsigned = await receiptRecord.sign(honest, {})
    for (const receipt of [unsigned.bytes, new Uint8Array(0), randomBytes(100)]) {
      answers.set('Data', ack(receiptReply.encode({ receipt })))
      expect(await outcome(alice.client.putFragments(to, { customer, ...block.at(0) }))).toEqual([
        'RecordInvalid',
        true,
      ])
    }
  })

  test('for records and entries is checked as well', async () => {
    const { liar, alice, answers, customer, to, location, outcome, ack } = await aliceAndLiar()
    const { bytes: receipt } = await receiptRecord.sign(
      {
        supplier: to.fingerprint,
        device: liar.deviceKey.publicKey.id,
        customer,
        kind: 'header',
        subject: hashOf(randomBytes(1)),
        position: null,
        revision: 1,
        bytes: 1,
        date: 0,
      },
      liar.deviceKey,
    )
    for (const command of ['Record', 'Journal']) answers.set(command, ack(receiptReply.encode({ receipt })))
    const { bytes: record } = await sampleHeader(alice, location, 1)
    expect(await outcome(alice.client.putRecord(to, { customer, kind: 'header', record }))).toEqual([
      'RecordInvalid',
      true,
    ])
    const entries = await sampleJournal(alice, { location }, 1)
    expect(await outcome(alice.client.appendJournal(to, { customer, location, entries }))).toEqual([
      'RecordInvalid',
      true,
    ])
  })
})

test('fragments of another block, or of another size than their layout says, are refused', async () => {
  const { alice, answers, customer, to, location, outcome } = await aliceAndLiar()
  const block = await sampleBlock(alice, location, { n: 4 })
  const other = await sampleBlock(alice, location, { n: 4 })
  const query = { customer, block: block.id, n: 4, position: 0, want: 'data' } as const
  const give = (layout: Uint8Array, body: Uint8Array) => {
    answers.set('Retrieve', async () => ({
      command: 'Data',
      payload: fragmentsReply.encode({ layout }),
      body,
      bodyCheck: 'handler',
    }))
    return outcome(alice.client.getFragment(to, query))
  }
  expect(await give(block.layout, block.fragments[0]!)).toBeNull()
  expect(await give(other.layout, other.fragments[0]!)).toEqual(['FragmentCorrupt', true])
  const otherCode = await sampleBlock(alice, location, { n: 2, hash: block.hash, fragmentBytes: 2000 })
  expect(otherCode.id).toBe(block.id)
  expect(await give(otherCode.layout, randomBytes(2000))).toEqual(['FragmentCorrupt', true])
  for (const size of [0, 999, 1001, 2000, 100_000])
    expect(await give(block.layout, randomBytes(size))).toEqual(['PacketMalformed', true])
  // The connection is still of use.
  expect(await give(block.layout, block.fragments[0]!)).toBeNull()
})

test('lists that go in circles end', async () => {
  const { alice, answers, customer, to, outcome } = await aliceAndLiar()
  const page = filesReply.encode({ items: [], next: 'a' })
  answers.set('ListFiles', async () => ({ command: 'Files', payload: page }))
  expect(await outcome(Array.fromAsync(alice.client.listFragments(to, { customer, location: null })))).toEqual([
    'PacketMalformed',
    true,
  ])
})

test('journals that do not move on, skip entries or are no entries end', async () => {
  const { alice, answers, customer, to, location, outcome } = await aliceAndLiar()
  const entries = await sampleJournal(alice, { location }, 2)
  const query = { customer, location, journal: hashOf<JournalId>(randomBytes(1)), from: 0 }
  const give = (next: number | null, body: readonly Uint8Array[]) => {
    answers.set('RetrieveJournal', async () => ({ command: 'Files', payload: entriesReply.encode({ next }), body }))
    return outcome(Array.fromAsync(alice.client.getJournal(to, query)))
  }
  expect(await give(null, encodeEntries(entries))).toBeNull()
  expect(await give(0, [])).toEqual(['PacketMalformed', true])
  expect(await give(7, encodeEntries(entries))).toEqual(['PacketMalformed', true])
  expect(await give(1, encodeEntries(entries))).toEqual(['PacketMalformed', true])
  expect(await give(null, [randomBytes(3)])).toEqual(['PacketMalformed', false])
})

test('offers in another name, expired, or signed by another device are refused', async () => {
  const { liar, alice, answers, customer, to, clock, outcome, ack } = await aliceAndLiar()
  const now = clock.now()
  const honest = {
    supplier: to.fingerprint,
    idurl: to.idurl,
    peerId: to.peerId,
    freeBytes: 1,
    until: now + DAY_MS,
    created: now,
    expires: now + 1000,
  }
  const give = async (change: Partial<typeof honest>, key = liar.deviceKey) => {
    const { bytes } = await offerRecord.sign({ ...honest, ...change }, key)
    answers.set('RequestService', ack(offerReply.encode({ offer: bytes })))
    return outcome(alice.client.offer(to))
  }
  expect(await give({})).toBeNull()
  expect(await give({ supplier: customer })).toEqual(['PacketMalformed', true])
  expect(await give({ expires: now - DAY_MS })).toEqual(['PacketMalformed', true])
  expect(await give({ peerId: alice.ref.peerId }, alice.deviceKey)).toEqual(['PacketMalformed', true])
})

test('contracts that are changed, or signed by nobody or by somebody else, are refused', async () => {
  const { liar, alice, answers, to, clock, outcome, ack } = await aliceAndLiar()
  const asked = await sampleContract(alice, liar, clock.now())
  const sent = contractRecord.open(asked.contract)
  const give = (contract: Uint8Array, key = liar.masterKey) => {
    answers.set('RequestService', ack(contractReply.encode({ contract, supplierKey: key.publicKey.spki })))
    return outcome(alice.client.requestContract(to, asked))
  }
  const signed = await contractRecord.addSignature(sent, 'supplier', liar.masterKey)
  expect(await give(signed.bytes)).toBeNull()
  expect(await give(sent.bytes)).toEqual(['PacketMalformed', true])
  expect(await give(signed.bytes, alice.masterKey)).toEqual(['PacketMalformed', true])
  const changed = await contractRecord.sign({ ...sent.body, bytes: 1 }, { supplier: liar.masterKey })
  expect(await give(changed.bytes)).toEqual(['PacketMalformed', true])
  const forged = await contractRecord.sign(
    { ...sent.body, bytes: 1 },
    { customer: alice.masterKey, supplier: liar.masterKey },
  )
  expect(await give(forged.bytes)).toEqual(['PacketMalformed', true])
})

test('answers that cannot be read are the supplier’s fault', async () => {
  const { alice, answers, customer, to, outcome } = await aliceAndLiar()
  const ping = () => outcome(alice.client.ping(to, { customer }))
  answers.set('Ping', async () => ({ command: 'Ack', payload: randomBytes(20) }))
  expect(await ping()).toEqual(['PacketMalformed', true])
  answers.set('Ping', async () => ({ command: 'Files', payload: new Uint8Array(0), body: randomBytes(100_000) }))
  expect(await ping()).toEqual(['PacketMalformed', true])
})

test('what fails on the way is no answer: nobody is said to have nothing', async () => {
  const { alice, liar, customer, setLink, person } = await aliceAndLiar()
  const query = { customer, block: hashOf<never>(randomBytes(1)), n: 2, position: 0, want: 'data' } as const
  const nowhere = { ...liar.ref, peerId: (await person('bob')).ref.peerId }
  expect(await codeOf(alice.client.getFragment({ ...nowhere, fingerprint: liar.ref.fingerprint }, query))).toBe(
    'PeerIdentityMismatch',
  )
  setLink(alice, liar, { down: true })
  expect(await codeOf(alice.client.getFragment(liar.ref, query))).toBe('Timeout')
  const unknown = { ...liar.ref, peerId: peerIdOfDevice(randomBytes(32)) }
  expect(await codeOf(alice.client.getFragment(unknown, query))).toBe('NotFound')
  expect(await codeOf(alice.client.getFragment(alice.ref, query))).toBe('NotFound')
  const aborted = AbortSignal.abort()
  expect(await codeOf(alice.client.getFragment(unknown, query, { signal: aborted }))).not.toBe('done')
})
