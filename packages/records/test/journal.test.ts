import { randomBytes } from '@bitdust/crypto'
import { signCertificate } from '@bitdust/identity'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type BlockId,
  continuesJournal,
  type Entry,
  type EntryHash,
  hashOf,
  type JournalEntry,
  type JournalId,
  type JournalPayload,
  journalEntryRecord,
  journalIdOf,
  locationIdOf,
  MAX_BLOCK_BYTES,
  MAX_HEADS,
  MAX_INLINE_EXTENTS,
  MAX_JOURNAL_ENTRY_BYTES,
  MAX_RELEASED,
  manifestRecord,
  type Opened,
  openPayload,
  parseHash,
  sealPayload,
  verifyJournalStart,
} from '../src/index.ts'
import { type Cast, createCast, filled, NOW } from './samples.ts'

let cast: Cast
let certificate: string
const secret = filled(32, 7)

beforeAll(async () => {
  cast = await createCast()
  const { alice, laptop } = cast
  certificate = await signCertificate(
    { device: laptop.publicKey, label: 'laptop', created: NOW, expires: NOW + 1000 },
    alice,
  )
})

/** The first entry of Alice's journal. */
function firstEntry(): JournalEntry {
  const owner = cast.alice.publicKey.fingerprint
  return {
    owner,
    location: locationIdOf(owner, 'master'),
    writer: owner,
    device: cast.laptop.publicKey.id,
    epoch: 0,
    sequence: 0,
    previous: null,
    heads: [],
    family: 1,
    date: NOW,
    kind: 'put',
    generation: 1,
    payload: filled(10, 1),
    certificate,
    writerKey: cast.alice.publicKey.spki,
  }
}

function behind(previous: Opened<JournalEntry>, change: Partial<JournalEntry> = {}): JournalEntry {
  const sequence = previous.body.sequence + 1
  return { ...previous.body, sequence, previous: previous.hash, certificate: null, writerKey: null, ...change }
}

describe('payloads', () => {
  const put: JournalPayload = { kind: 'put', path: 'animals/cat.png', manifest: filled(500, 3) }

  test('come back', async () => {
    const puts = [hashOf<EntryHash>(filled(3, 1)), hashOf<EntryHash>(filled(3, 2))].sort()
    for (const payload of [put, { kind: 'delete', path: 'animals' }, { kind: 'release', puts }] as const) {
      const entry = { ...firstEntry(), kind: payload.kind }
      const sealed = { ...entry, payload: await sealPayload(secret, entry, payload) }
      expect(await openPayload(secret, sealed)).toEqual(payload)
    }
  })

  test('open only with the secret and in the entry for which they were made', async () => {
    const entry = firstEntry()
    const sealed = { ...entry, payload: await sealPayload(secret, entry, put) }
    const failed = { name: 'CryptoError', code: 'BlockAuthFailed' }
    await expect(openPayload(filled(32, 8), sealed)).rejects.toMatchObject(failed)
    const others: Partial<JournalEntry>[] = [
      { owner: cast.bob.publicKey.fingerprint },
      { location: locationIdOf(entry.owner, 'other') },
      { writer: cast.bob.publicKey.fingerprint },
      { device: cast.server.publicKey.id },
      { epoch: 1 },
      { sequence: 1 },
      { generation: 2 },
      { kind: 'delete' },
    ]
    for (const other of others) {
      await expect(openPayload(secret, { ...sealed, ...other })).rejects.toMatchObject(failed)
    }
  })

  test('of kinds that come later are told apart from broken ones', async () => {
    const entry = { ...firstEntry(), kind: 'checkpoint' as const }
    await expect(openPayload(secret, entry)).rejects.toMatchObject({ code: 'VersionUnsupported' })
  })

  test('a release names 1 to 1024 versions, each once', async () => {
    const entry = { ...firstEntry(), kind: 'release' as const }
    const puts = Array.from({ length: MAX_RELEASED + 1 }, (_, i) => hashOf<EntryHash>(Uint8Array.of(i >> 8, i)))
    const release = (some: readonly EntryHash[]) => sealPayload(secret, entry, { kind: 'release', puts: some })
    for (const some of [[], puts, [puts[0]!, puts[0]!]])
      await expect(release(some)).rejects.toMatchObject({ name: 'RecordError', code: 'RecordInvalid' })
    const payload = await release(puts.slice(1))
    const signed = await journalEntryRecord.sign({ ...entry, payload }, cast.laptop)
    expect(await openPayload(secret, signed.body)).toEqual({ kind: 'release', puts: puts.slice(1).sort() })
  })

  test.each(['', '/a', '../a', 'a/../b', 'a//b', 'a\0b', 'a/./b', 'x'.repeat(5000)])(
    'T47 the path %j is refused',
    async (path) => {
      const sealing = sealPayload(secret, firstEntry(), { kind: 'delete', path })
      await expect(sealing).rejects.toMatchObject({ name: 'RecordError', code: 'PathUnsafe' })
    },
  )

  test('the largest put fits into an entry', async () => {
    const { alice, laptop } = cast
    const extent = {
      block: parseHash<BlockId>('ab'.repeat(32)),
      key: filled(32, 1),
      offset: 70_000,
      length: MAX_BLOCK_BYTES / 2,
    }
    const extents = new Array(MAX_INLINE_EXTENTS).fill(extent)
    const size = MAX_INLINE_EXTENTS * extent.length
    const root: Entry = {
      name: 'n'.repeat(255),
      kind: 'file',
      mode: 0o7777,
      mtime: 8.64e15,
      size,
      files: 1,
      content: { extents },
    }
    const { owner, location, writer, device } = firstEntry()
    const version = 'F20160313043757PM-999999'
    const manifest = await manifestRecord.sign({ location, writer, device, created: NOW, version, root }, laptop)
    const text = await signCertificate(
      {
        device: laptop.publicKey,
        label: 'l'.repeat(64),
        created: NOW,
        expires: NOW + 1e12,
        encryptionKey: alice.publicKey,
      },
      alice,
    )
    const heads = Array.from({ length: MAX_HEADS }, (_, i) => ({
      journal: parseHash<JournalId>(i.toString(16).padStart(64, '0')),
      sequence: 2 ** 32 + i,
      hash: manifest.hash,
    }))
    const entry = { ...firstEntry(), owner, heads, certificate: text }
    const path = `${'d'.repeat(199)}/`.repeat(20).slice(0, 3900)
    const payload = await sealPayload(secret, entry, { kind: 'put', path, manifest: manifest.bytes })
    const signed = await journalEntryRecord.sign({ ...entry, payload }, laptop)
    expect(signed.bytes.length).toBeLessThan(MAX_JOURNAL_ENTRY_BYTES)
    expect(await openPayload(secret, signed.body)).toMatchObject({ path, manifest: manifest.bytes })
  })
})

describe('the chain', () => {
  test('continues with the next number and the hash before it', async () => {
    const first = await journalEntryRecord.sign(firstEntry(), cast.laptop)
    const second = await journalEntryRecord.sign(behind(first), cast.laptop)
    const third = await journalEntryRecord.sign(behind(second), cast.laptop)
    expect([continuesJournal(first, second), continuesJournal(second, third)]).toEqual([true, true])
    const wrong: Partial<JournalEntry>[] = [
      { sequence: 2 },
      { previous: second.hash },
      { location: locationIdOf(first.body.owner, 'other') },
      { writer: cast.bob.publicKey.fingerprint },
      { owner: cast.bob.publicKey.fingerprint },
    ]
    for (const change of wrong) {
      const other = await journalEntryRecord.sign(behind(first, change), cast.laptop)
      expect(continuesJournal(first, other)).toBe(false)
    }
    expect(continuesJournal(first, third)).toBe(false)
  })

  test('the id is that of location, writer, device and epoch', () => {
    const { location, writer, device } = firstEntry()
    const ids = [
      journalIdOf({ location, writer, device }),
      journalIdOf({ location: locationIdOf(writer, 'other'), writer, device }),
      journalIdOf({ location, writer: cast.bob.publicKey.fingerprint, device }),
      journalIdOf({ location, writer, device: cast.server.publicKey.id }),
      journalIdOf({ location, writer, device, epoch: 1 }),
      journalIdOf({ location, writer, device, epoch: 2 ** 32 - 1 }),
    ]
    expect(new Set(ids).size).toBe(6)
    expect(journalIdOf({ location, writer, device, epoch: 0 })).toBe(ids[0])
    expect(journalIdOf(firstEntry())).toBe(ids[0])
  })

  test('only the first entry has key and certificate, and it has both', async () => {
    const { laptop } = cast
    const first = await journalEntryRecord.sign(firstEntry(), laptop)
    const bodies = [
      { ...firstEntry(), certificate: null },
      { ...firstEntry(), writerKey: null },
      { ...firstEntry(), previous: first.hash },
      behind(first, { certificate }),
      behind(first, { writerKey: cast.alice.publicKey.spki }),
      behind(first, { previous: null }),
    ]
    for (const body of bodies) {
      await expect(journalEntryRecord.sign(body, laptop)).rejects.toMatchObject({ code: 'RecordInvalid' })
    }
  })
})

describe('the start of a journal', () => {
  test('proves whose device writes', async () => {
    const first = await journalEntryRecord.sign(firstEntry(), cast.laptop)
    const author = await verifyJournalStart(first)
    expect(author.key.fingerprint).toBe(first.body.writer)
    expect(author.certificate.deviceKey.id).toBe(first.body.device)
  })

  test('T32 is refused when key, certificate or signature is of somebody else', async () => {
    const { alice, bob, laptop, server, mallory, malloryDevice } = cast
    const request = { device: malloryDevice.publicKey, label: 'x', created: NOW, expires: NOW + 1000 }
    const refused: [string, Partial<JournalEntry>, typeof laptop][] = [
      ['a key that is not the writer', { writerKey: bob.publicKey.spki }, laptop],
      ['a certificate that the writer did not sign', { certificate: await signCertificate(request, bob) }, laptop],
      ['a certificate for another device', { certificate: await signCertificate(request, alice) }, laptop],
      ['a device without certificate', { device: server.publicKey.id }, server],
      [
        "somebody else's key, certificate and device under the writer's name",
        {
          writerKey: mallory.publicKey.spki,
          certificate: await signCertificate(request, mallory),
          device: malloryDevice.publicKey.id,
        },
        malloryDevice,
      ],
    ]
    for (const [what, change, device] of refused) {
      const entry = await journalEntryRecord.sign({ ...firstEntry(), ...change }, device)
      await expect(verifyJournalStart(entry), what).rejects.toMatchObject({
        name: 'RecordError',
        code: 'SignatureInvalid',
      })
    }
    const first = await journalEntryRecord.sign(firstEntry(), {})
    await expect(verifyJournalStart(first)).rejects.toMatchObject({ code: 'SignatureInvalid' })
  })

  test('is refused when key or certificate is malformed, or the entry is not the first', async () => {
    const first = await journalEntryRecord.sign(firstEntry(), cast.laptop)
    const bodies = [
      { ...firstEntry(), writerKey: randomBytes(50) },
      { ...firstEntry(), certificate: 'AAAA' },
      behind(first),
    ]
    for (const body of bodies) {
      const entry = await journalEntryRecord.sign(body, cast.laptop)
      await expect(verifyJournalStart(entry)).rejects.toMatchObject({ name: 'RecordError', code: 'RecordInvalid' })
    }
  })
})
