import { type Fingerprint, generateDeviceKey, randomBytes } from '@bitdust/crypto'
import {
  type JournalEntry,
  type JournalPayload,
  journalEntryRecord,
  journalIdOf,
  manifestRecord,
  sealPayload,
} from '@bitdust/records'
import { flipBits } from '@bitdust/testing'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { historyOf } from '../src/catalog/history.ts'
import type { Customer } from '../src/customer.ts'
import type { Journals } from '../src/journal/types.ts'
import type { Location } from '../src/locations/types.ts'
import type { RemoteSuppliers } from '../src/ports.ts'
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

/** Fills a store with what another one has. */
async function copyTo(to: KeyValueStore, from: KeyValueStore): Promise<KeyValueStore> {
  for await (const [put, value] of from.list({ prefix: '' })) await to.batch([{ put, value }])
  return to
}

/** An image of a disk writes, or is copied over another one. */
type ImageStep = { readonly write: number; readonly at: number } | { readonly copy: number; readonly to: number }

const pathOf = (payload: JournalPayload) => ('path' in payload ? payload.path : payload.kind)

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

/** Appending reaches one supplier; to the others the line is cut once that one has answered. */
function reachingOnly(one: Fingerprint, remotes: RemoteSuppliers): Pick<RemoteSuppliers, 'appendJournal'> {
  const answered = Promise.withResolvers<void>()
  return {
    async appendJournal(peer, entries, options) {
      if (peer.fingerprint === one) return remotes.appendJournal(peer, entries, options).finally(answered.resolve)
      await answered.promise
      throw new DOMException('cut', 'NetworkError')
    },
  }
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
    const journals = journalsOf(node, node.store)
    const [away] = network.suppliers
    const { store } = node
    await appendTo(node, location, { kind: 'delete', path: 'a' }, store)
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
    await appendTo(node, location, { kind: 'delete', path: 'd' }, store)
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
    expect(payloads.map(pathOf)).toEqual(['first', 'second'])
    await expect.poll(() => lengthsAt(network, node, location)).toEqual([2, 2, 2, 2])
  })

  it('T34 merges a journal that was forked by an old disk image, and goes on in a new journal', async () => {
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
      expect(payloads.map(pathOf).sort()).toEqual(['common', 'image', 'last', 'lonely'])
    }
  })

  it('T34 names both ends of a fork that suppliers hold, in a new journal, and goes on with that one', async () => {
    const { customer, node, network } = await storing(4)
    const location = await customer.locations.master(inTime())
    const [left, right] = [memoryKeyValueStore(), memoryKeyValueStore()]
    await appendTo(node, location, { kind: 'delete', path: 'common' }, left)
    await copyTo(right, left)
    // One image reaches only one supplier, the other one the rest.
    const first = network.suppliers[0]!
    const cut = meddled(node, (remotes) => reachingOnly(first.self.fingerprint, remotes))
    await appendTo(cut, location, { kind: 'delete', path: 'left' }, left).catch(() => {})
    first.down()
    await appendTo(node, location, { kind: 'delete', path: 'right' }, right)
    first.up()

    const journals = journalsOf(node, right)
    const report = await journals.sync(location, inTime())
    expect(report.problems).toMatchObject([{ code: 'CatalogFork' }])
    const before = await journals.entries(location)
    for (const path of ['new', 'newer']) await appendTo(node, location, { kind: 'delete', path }, right)
    const all = journalsOf(node)
    await all.sync(location, inTime())
    const entries = await all.entries(location)
    const [begun, next] = entries.filter(({ epoch }) => epoch !== 0)
    expect(entries).toHaveLength(5)
    expect(begun).toMatchObject({ sequence: 0, previous: null })
    expect(new Set(begun!.heads.map(({ hash }) => hash))).toEqual(
      new Set(before.filter(({ sequence }) => sequence === 1).map(({ hash }) => hash)),
    )
    expect(next).toMatchObject({ journal: begun!.journal, epoch: begun!.epoch, sequence: 1 })
  })

  it('T36 a restored image of the disk tells it, writes in a new journal, and shows all that its successor wrote', async () => {
    const { customer, node } = await storing(4)
    const image = memoryKeyValueStore()
    await customer.put('a', utf8('a'), inTime())
    await copyTo(image, node.store)
    await customer.put('b', utf8('b'), inTime())
    await customer.stop()
    const restored = await customerOf({ ...node, store: image })
    expect(await paths(restored.customer)).toEqual(['a', 'b'])
    expect(restored.problems).toMatchObject([{ code: 'CatalogFork' }])
    await restored.customer.put('c', utf8('c'), inTime())
    await restored.customer.stop()
    const again = await customerOf(node)
    await again.customer.put('d', utf8('d'), inTime())
    expect(await paths(again.customer)).toEqual(['a', 'b', 'c', 'd'])
    expect(again.problems).toEqual([])
    const location = await again.customer.locations.master(inTime())
    const journals = journalsOf(node)
    await journals.sync(location, inTime())
    const entries = await journals.entries(location)
    expect(entries.map(({ epoch, sequence }) => [epoch === 0, sequence]).sort()).toEqual([
      [false, 0],
      [true, 0],
      [true, 1],
      [true, 2],
    ])
  })

  it('T34 T59 images of one disk, used in any order, on any clock, never write over each other', async () => {
    const { customer, node } = await storing(2)
    const location = await customer.locations.master(inTime())
    const step: fc.Arbitrary<ImageStep> = fc.oneof(
      fc.record({ write: fc.nat(2), at: fc.integer({ min: 0, max: 4e12 }) }),
      fc.record({ copy: fc.nat(2), to: fc.nat(2) }),
    )
    const earlier: string[] = []
    let round = 0
    const run = async (steps: readonly ImageStep[]) => {
      const images = [memoryKeyValueStore(), memoryKeyValueStore(), memoryKeyValueStore()]
      const written: string[] = []
      round += 1
      for (const [number, one] of steps.entries()) {
        if ('copy' in one) {
          if (one.copy !== one.to) images[one.to] = await copyTo(memoryKeyValueStore(), images[one.copy]!)
          continue
        }
        const path = `${round}-${number}`
        const family = await location.family(inTime())
        const journals = journalsOf(node, images[one.write])
        await journals.append(location, { payload: { kind: 'delete', path }, date: one.at }, { ...inTime(), family })
        written.push(path)
        const entries = await journals.entries(location)
        const payloads = await Promise.all(entries.map((entry) => journals.payload(location, entry)))
        expect(new Set(payloads.map(pathOf))).toEqual(new Set([...earlier, ...written]))
        // Whoever merged all that was there is newer than all of it, whatever the clocks say.
        const last = entries.find((_, index) => pathOf(payloads[index]!) === path)!
        expect(Math.max(...entries.map(({ hash }) => historyOf(entries).rank(hash)))).toBe(
          historyOf(entries).rank(last.hash),
        )
        const places = entries.map(({ journal, sequence }) => `${journal}/${sequence}`)
        expect(new Set(places).size).toBe(places.length)
      }
      earlier.push(...written)
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 7 }), run), {
      numRuns: process.env.BITDUST_LONG === undefined ? 4 : 30,
      endOnFailure: true,
    })
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
    const reaching = meddled(node, (remotes) => reachingOnly(supplier.self.fingerprint, remotes))
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
      const { writer, device, epoch, sequence } = body
      return { journal: journalIdOf(body), writer, device, epoch, sequence, hash }
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
