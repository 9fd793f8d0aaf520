import { generateDeviceKey, randomBytes } from '@bitdust/crypto'
import { type JournalEntry, journalEntryRecord, journalIdOf, manifestRecord, sealPayload } from '@bitdust/records'
import { flipBits } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import type { Customer } from '../src/customer.ts'
import type { Journals } from '../src/journal/types.ts'
import type { Location } from '../src/locations/types.ts'
import { customerOf, storing } from './customers.ts'
import { appendTo, journalsOf, manifestAt } from './journal-tools.ts'
import { meddled } from './lies.ts'
import type { TestCustomer, TestNetwork } from './network.ts'
import { inTime } from './setup.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

async function paths(customer: Customer): Promise<readonly string[]> {
  return (await Array.fromAsync(customer.list('', inTime()))).map(({ path }) => path)
}

async function entriesIn(journals: Journals, location: Location): Promise<number> {
  await journals.sync(location, inTime())
  return (await journals.entries(location)).length
}

/** What each supplier has of the journals of a location: the number of entries. */
async function lengthsAt(network: TestNetwork, node: TestCustomer, location: Location): Promise<readonly number[]> {
  return Promise.all(
    network.suppliers.map(async ({ peer }) => {
      const query = { customer: location.owner, location: location.id }
      const heads = await node.remotes.journalHeads(peer, query, inTime())
      return heads.reduce((sum, { sequence }) => sum + sequence + 1, 0)
    }),
  )
}

describe('journals', () => {
  it('T35 a catalog that is lost or garbage is read again from the suppliers before anything is written', async () => {
    const { customer, node, network } = await storing(4)
    for (const name of ['a', 'b', 'c']) await customer.put(name, utf8(name), inTime())
    await customer.stop()
    const garbage = memoryKeyValueStore()
    for await (const [key, value] of node.store.list({ prefix: '' })) {
      if (key.startsWith('journal/')) await garbage.batch([{ put: key, value: value.map((byte) => byte ^ 0x55) }])
      else await garbage.batch([{ put: key, value }])
    }
    for (const store of [memoryKeyValueStore(), garbage]) {
      const again = await customerOf({ ...node, store })
      expect(await paths(again.customer)).toEqual(['a', 'b', 'c'])
      await again.customer.stop()
    }
    const again = await customerOf({ ...node, store: memoryKeyValueStore() })
    await again.customer.put('d', utf8('d'), inTime())
    expect(await paths(again.customer)).toEqual(['a', 'b', 'c', 'd'])
    const location = await again.customer.locations.master(inTime())
    expect(await lengthsAt(network, node, location)).toEqual([4, 4, 4, 4])
    expect(again.problems).toEqual([])
  })

  it('T35 writes nothing while it cannot know where its journal ends', async () => {
    const { customer, node, network } = await storing(4)
    await customer.put('a', utf8('a'), inTime())
    const location = await customer.locations.master(inTime())
    const family = await location.family(inTime())
    for (const supplier of network.suppliers.slice(0, 2)) supplier.down()
    const journals = journalsOf(node)
    const payload = { kind: 'delete', path: 'a' } as const
    await expect(journals.append(location, { payload, date: 0 }, { ...inTime(), family })).rejects.toMatchObject({
      code: 'CatalogFreshnessUnknown',
      have: 2,
      need: 3,
      retryable: true,
    })
    for (const supplier of network.suppliers) supplier.up()
    expect(await lengthsAt(network, node, location)).toEqual([1, 1, 1, 1])
  })

  it('brings suppliers up to date which missed earlier entries', async () => {
    const { customer, node, network } = await storing(4)
    const location = await customer.locations.master(inTime())
    const journals = journalsOf(node)
    const [away] = network.suppliers
    await appendTo(node, location, { kind: 'delete', path: 'a' })
    away!.down()
    for (const path of ['b', 'c']) {
      const family = await location.family(inTime())
      const sent = await journals.append(
        location,
        { payload: { kind: 'delete', path }, date: 0 },
        { ...inTime(), family },
      )
      expect((await sent.rest).done.size).toBe(3)
    }
    away!.up()
    await appendTo(node, location, { kind: 'delete', path: 'd' })
    await expect.poll(() => lengthsAt(network, node, location)).toEqual([4, 4, 4, 4])
  })

  it('keeps an entry that reached too few suppliers, shows it to nobody, and sends it before the next one', async () => {
    const { customer, node, network } = await storing(4)
    const location = await customer.locations.master(inTime())
    let refuse = true
    const halting = meddled(node, (remotes) => ({
      async appendJournal(peer, entries, options) {
        const isAway = network.suppliers.slice(1).some(({ self }) => self.fingerprint === peer.fingerprint)
        if (refuse && isAway) throw new DOMException('cut', 'NetworkError')
        return remotes.appendJournal(peer, entries, options)
      },
    }))
    const store = memoryKeyValueStore()
    const failing = appendTo(halting, location, { kind: 'delete', path: 'first' }, store)
    await expect(failing).rejects.toMatchObject({ code: 'UploadIncomplete', need: 3, retryable: true })
    const journals = journalsOf(halting, store)
    expect(await journals.entries(location)).toEqual([])
    refuse = false
    await appendTo(halting, location, { kind: 'delete', path: 'second' }, store)
    const restarted = journalsOf(halting, store)
    const payloads = await Promise.all(
      (await restarted.entries(location)).map((entry) => restarted.payload(location, entry)),
    )
    expect(payloads.map(({ path }) => path)).toEqual(['first', 'second'])
    await expect.poll(() => lengthsAt(network, node, location)).toEqual([2, 2, 2, 2])
  })

  it('T34 merges a journal that was forked by an old disk image, and goes on where most suppliers are', async () => {
    const { customer, node } = await storing(4)
    const location = await customer.locations.master(inTime())
    const image = memoryKeyValueStore()
    await appendTo(node, location, { kind: 'delete', path: 'common' }, image)
    const copy = memoryKeyValueStore()
    for await (const [put, value] of image.list({ prefix: '' })) await copy.batch([{ put, value }])
    // One entry stays with the device, for its suppliers are away; meanwhile its image writes another one.
    const alone = meddled(node, () => ({
      appendJournal: () => Promise.reject(new DOMException('cut', 'NetworkError')),
    }))
    await appendTo(alone, location, { kind: 'delete', path: 'lonely' }, image).catch(() => {})
    await appendTo(node, location, { kind: 'delete', path: 'image' }, copy)

    const journals = journalsOf(node, image)
    expect((await journals.sync(location, inTime())).problems).toMatchObject([{ code: 'CatalogFork' }])
    const family = await location.family(inTime())
    await journals.append(location, { payload: { kind: 'delete', path: 'last' }, date: 0 }, { ...inTime(), family })
    for (const seen of [journals, journalsOf(node, copy), journalsOf(node)]) {
      await seen.sync(location, inTime())
      const payloads = await Promise.all((await seen.entries(location)).map((entry) => seen.payload(location, entry)))
      expect(payloads.map(({ path }) => path)).toEqual(['common', 'image', 'lonely', 'last'])
    }
  })

  it('T34 shows what two devices of one owner wrote without knowing of each other', async () => {
    const { customer, node, network } = await storing(4)
    await customer.put('before', utf8('b'), inTime())
    const device = await network.customer({ masterKey: node.masterKey, deviceKey: await generateDeviceKey() })
    const { customer: other } = await customerOf(device)
    await Promise.all(
      [customer, other].map(async (one, index) => {
        await one.put('same', utf8(`same ${index}`), inTime())
        await one.put(`own${index}`, utf8('own'), inTime())
      }),
    )
    for (const one of [customer, other]) {
      expect(await paths(one)).toEqual(['before', 'own0', 'own1', 'same'])
      expect(await one.versions('same', inTime())).toHaveLength(2)
    }
  })

  it('counts an entry of its own as acknowledged once the suppliers have it from each other', async () => {
    const { customer, node, network } = await storing(4)
    const location = await customer.locations.master(inTime())
    const supplier = network.suppliers[0]!
    const store = memoryKeyValueStore()
    const reaching = meddled(node, (remotes) => ({
      async appendJournal(peer, entries, options) {
        if (peer.fingerprint !== supplier.self.fingerprint) await new Promise((resolve) => setTimeout(resolve, 300))
        if (peer.fingerprint !== supplier.self.fingerprint) throw new DOMException('cut', 'NetworkError')
        return remotes.appendJournal(peer, entries, options)
      },
    }))
    await expect(appendTo(reaching, location, { kind: 'delete', path: 'x' }, store)).rejects.toThrow()
    const journals = journalsOf(node, store)
    await journals.sync(location, inTime())
    expect(await journals.entries(location)).toEqual([])
    await customer.repair.run(inTime())
    await journals.sync(location, inTime())
    expect(await journals.entries(location)).toHaveLength(1)
  })

  it('reports suppliers that show less than they had, and shows no less itself', async () => {
    const { customer, node, network } = await storing(4)
    await customer.put('a', utf8('a'), inTime())
    await customer.put('b', utf8('b'), inTime())
    for (const { books } of network.suppliers) {
      for (const prefix of ['entry/', 'head/'])
        for (const [key] of await Array.fromAsync(books.list({ prefix }))) await books.batch([{ delete: key }])
    }
    const { customer: again, problems } = await customerOf(node)
    expect(await paths(again)).toEqual(['a', 'b'])
    expect(problems).toMatchObject([{ code: 'CatalogRollback' }])
  })

  it('T33 changed or cut entries are refused, named, and had from another supplier', async () => {
    const { customer, node, network } = await storing(4)
    await customer.put('a', utf8('a'), inTime())
    await customer.put('b', utf8('b'), inTime())
    const liar = customer.family.current()!.body.positions[0]!
    const entries = await Array.fromAsync(node.store.list({ prefix: 'journal/' }))
    const [, first] = entries[0]!
    const flips = [...flipBits(first)].filter((_, index) => index % 1009 === 0).map(({ bytes }) => bytes)
    const lies = [...flips, first.subarray(0, -1), new Uint8Array(0), randomBytes(first.length)]
    for (const lie of lies) {
      const lying = meddled(node, (remotes) => ({
        async *getJournal(peer, query, options) {
          if (peer.fingerprint === liar.fingerprint) yield lie
          else yield* remotes.getJournal(peer, query, options)
        },
        // Only so that the liar is asked first.
        async journalHeads(peer, query, options) {
          const heads = await remotes.journalHeads(peer, query, options)
          return peer.fingerprint === liar.fingerprint
            ? heads.map((head) => ({ ...head, sequence: head.sequence + 5, hash: head.journal as never }))
            : heads
        },
      }))
      const journals = journalsOf(lying)
      const location = await customer.locations.master(inTime())
      const report = await journals.sync(location, inTime())
      expect(report.problems.length).toBeLessThanOrEqual(2)
      for (const { code, culprit } of report.problems) {
        expect(['RecordInvalid', 'CatalogSignatureInvalid', 'CatalogRollback']).toContain(code)
        expect(culprit).toBe(liar.fingerprint)
      }
      expect(await journals.entries(location)).toHaveLength(2)
    }
    expect(network.suppliers).toHaveLength(4)
  })

  describe('T32 what suppliers make up', () => {
    it('an entry in our name, encrypted with the right secret, but signed by another device', async () => {
      const { customer, node, network } = await storing(2)
      await customer.put('a', utf8('a'), inTime())
      const location = await customer.locations.master(inTime())
      const stranger = network.suppliers[0]!.self.deviceKey
      const stored = await Array.fromAsync(node.store.list({ prefix: 'journal/' }))
      const { body } = journalEntryRecord.open(stored[0]![1])
      const forged = await forge(body, location, stranger)
      const lying = meddled(node, () => ({
        async *getJournal() {
          yield forged
        },
        journalHeads: async () => [headOf(forged)],
      }))
      const { customer: other, problems } = await customerOf({ ...lying, store: memoryKeyValueStore() })
      await expect(other.get('forged', inTime())).rejects.toMatchObject({ code: 'NotFound' })
      expect(problems.map(({ code }) => code)).toContain('CatalogSignatureInvalid')
    })

    async function forge(
      body: JournalEntry,
      location: Location,
      deviceKey: TestCustomer['self']['deviceKey'],
    ): Promise<Uint8Array> {
      const device = deviceKey.publicKey.id
      const payload = await sealPayload(location.secret(), { ...body, device }, { kind: 'delete', path: 'forged' })
      return (await journalEntryRecord.sign({ ...body, device, kind: 'delete', payload }, deviceKey)).bytes
    }

    function headOf(bytes: Uint8Array) {
      const { body, hash } = journalEntryRecord.open(bytes)
      const { writer, device, sequence } = body
      return { journal: journalIdOf(body), writer, device, sequence, hash }
    }

    it('a manifest that the writer of the entry did not sign, or made for another place', async () => {
      const { customer, node, network } = await storing(2)
      await customer.put('a', utf8('a'), inTime())
      const location = await customer.locations.master(inTime())
      const manifest = await manifestAt(node, location, 'a')
      const { deviceKey } = network.suppliers[0]!.self
      const forgeries = {
        signer: await manifestRecord.sign({ ...manifest, device: deviceKey.publicKey.id }, deviceKey),
        place: await manifestRecord.sign(
          { ...manifest, location: manifest.writer as unknown as typeof manifest.location },
          node.self.deviceKey,
        ),
      }
      for (const [path, { bytes }] of Object.entries(forgeries))
        await appendTo(node, location, { kind: 'put', path, manifest: bytes })
      const { bytes: signed } = await manifestRecord.sign(manifest, node.self.deviceKey)
      await appendTo(node, location, { kind: 'put', path: 'signature', manifest: signed.with(-1, signed.at(-1)! ^ 1) })
      await appendTo(node, location, { kind: 'put', path: 'garbage', manifest: randomBytes(300) })
      const { customer: other, problems } = await customerOf(node)
      expect(await paths(other)).toEqual(['a'])
      expect(problems.map(({ code }) => code)).toEqual(Array(4).fill('ManifestInvalid'))
    })

    it('a journal of somebody who may not write here', async () => {
      const { customer, node, network } = await storing(2)
      await customer.put('a', utf8('a'), inTime())
      const location = await customer.locations.master(inTime())
      const [supplier] = network.suppliers
      const { self } = supplier!
      const body = journalEntryRecord.open((await Array.fromAsync(node.store.list({ prefix: 'journal/' })))[0]![1]).body
      const forged = await forge(
        {
          ...body,
          writer: self.fingerprint,
          certificate: self.certificate,
          writerKey: self.masterPublicKey.spki,
        },
        location,
        self.deviceKey,
      )
      const journals = journalsOf(
        meddled(node, (remotes) => ({
          async *getJournal() {
            yield forged
          },
          journalHeads: async (...asked) => [...(await remotes.journalHeads(...asked)), headOf(forged)],
        })),
        node.store,
      )
      expect(await entriesIn(journals, location)).toBe(1)
    })
  })
})
