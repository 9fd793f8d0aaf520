import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importDevicePublicKey, importRsaPublicKey } from '@bitdust/crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type BlockRecord,
  blockIdOf,
  decodeExtents,
  decodeNode,
  type EnrolmentGift,
  type EnrolmentPlace,
  type Entry,
  type Extent,
  encodeExtents,
  encodeNode,
  enrolmentCode,
  enrolmentHash,
  enrolmentLetterRecord,
  enrolmentWordsHash,
  type FragmentPlace,
  foldNickname,
  fragmentName,
  type GenerationPlace,
  type Grant,
  type GrantedKey,
  type JournalOwner,
  type JournalPayload,
  journalEntryRecord,
  journalIdOf,
  type LocationSecrets,
  locationIdOf,
  nicknameId,
  openEnrolmentGift,
  openEnrolmentLetter,
  openGrantedKey,
  openLocationSecret,
  openLocationSecrets,
  openPayload,
  openPreviousSecret,
  parseEnrolmentCode,
  type RecordHash,
  type VerifyingKey,
} from '../src/index.ts'
import { type Cast, createCast, createSamples, type Sample } from './samples.ts'
import { parseVector } from './vector-json.ts'

interface RecordVector {
  readonly kind: string
  readonly version: number
  readonly body: object
  readonly record: Uint8Array
  readonly signedContent: Uint8Array
  readonly hash: RecordHash
  readonly signers: Readonly<Record<string, { readonly device: Uint8Array } | { readonly spki: Uint8Array }>>
  readonly bad: readonly { readonly what: string; readonly code: string; readonly record: Uint8Array }[]
}

const folder = join(import.meta.dirname, 'vectors')
const others = ['ids-v1.json', 'node-v1.json', 'sealed-parts-v1.json', 'enrolment-parts-v1.json']
const files = readdirSync(folder).filter((file) => !others.includes(file))

let cast: Cast
let samples: readonly Sample[]

beforeAll(async () => {
  cast = await createCast()
  samples = await createSamples(cast)
})

function read<T>(file: string): T {
  return parseVector<T>(readFileSync(join(folder, file), 'utf8'))
}

test('every kind has a vector', () => {
  expect(files).toEqual(samples.map(({ name }) => `${name}-v1.json`).sort())
})

describe.each(files)('%s', (file) => {
  const vector = read<RecordVector>(file)
  const kindOf = () => samples.find(({ name }) => file === `${name}-v1.json`)!.kind

  async function verifyAll(record: Uint8Array): Promise<void> {
    const opened = kindOf().open(record)
    for (const [role, key] of Object.entries(vector.signers)) await kindOf().verify(opened, role, await importKey(key))
  }

  test('is read as it was written', async () => {
    const { kind, version, body, record, hash, signedContent } = vector
    expect(kindOf().open(record)).toMatchObject({ kind, version, body, hash, signedContent })
    await verifyAll(record)
  })

  test('is still written the same way', async () => {
    const signed = await kindOf().sign(vector.body, {})
    expect(signed.signedContent).toEqual(vector.signedContent)
  })

  test.each(vector.bad)('$what is refused: $code', async ({ code, record }) => {
    await expect(verifyAll(record)).rejects.toMatchObject({ name: 'RecordError', code })
  })
})

function importKey(key: { readonly device: Uint8Array } | { readonly spki: Uint8Array }): Promise<VerifyingKey> {
  return 'device' in key ? Promise.resolve(importDevicePublicKey(key.device)) : importRsaPublicKey(key.spki)
}

test('ids-v1.json', () => {
  const { location, block, journal, laterJournal, fragment } = read<{
    location: { owner: Grant['owner']; alias: string; id: string }
    block: { record: BlockRecord; id: string }
    journal: JournalOwner & { id: string }
    laterJournal: JournalOwner & { id: string }
    fragment: FragmentPlace & { name: string }
  }>('ids-v1.json')
  expect(locationIdOf(location.owner, location.alias)).toBe(location.id)
  expect(blockIdOf(block.record)).toBe(block.id)
  expect(journalIdOf(journal)).toBe(journal.id)
  expect(journalIdOf(laterJournal)).toBe(laterJournal.id)
  expect(fragmentName(fragment)).toBe(fragment.name)
})

test('node-v1.json', () => {
  const vector = read<{ entries: Entry[]; bytes: Uint8Array; extents: Extent[]; extentsBytes: Uint8Array }>(
    'node-v1.json',
  )
  expect(decodeNode(vector.bytes)).toEqual(vector.entries)
  expect(encodeNode(vector.entries)).toEqual(vector.bytes)
  expect(decodeExtents(vector.extentsBytes)).toEqual(vector.extents)
  expect(encodeExtents(vector.extents)).toEqual(vector.extentsBytes)
})

test('sealed-parts-v1.json', async () => {
  const vector = read<{
    secret: Uint8Array
    payloads: { payload: JournalPayload; entry: Uint8Array }[]
    place: GenerationPlace
    ownerSealed: { secrets: LocationSecrets; sealed: Uint8Array }
    sealedSecret: { sealed: Uint8Array }
    previousSealed: { previous: Uint8Array; sealed: Uint8Array }
    grant: { granted: GrantedKey; body: Grant }
  }>('sealed-parts-v1.json')
  const { secret, place, ownerSealed, sealedSecret, previousSealed, grant } = vector
  for (const { payload, entry } of vector.payloads) {
    expect(await openPayload(secret, journalEntryRecord.open(entry).body)).toEqual(payload)
  }
  expect(await openLocationSecrets(cast.alice, place, ownerSealed.sealed)).toEqual(ownerSealed.secrets)
  expect(await openLocationSecret(cast.share, place, sealedSecret.sealed)).toEqual(secret)
  expect(await openPreviousSecret(secret, place, previousSealed.sealed)).toEqual(previousSealed.previous)
  expect(await openGrantedKey(cast.bob, grant.body)).toEqual(grant.granted)
})

test('enrolment-parts-v1.json', async () => {
  const vector = read<{
    request: Uint8Array
    hash: EnrolmentPlace['request']
    code: { text: string; bytes: Uint8Array }
    words: { owner: EnrolmentPlace['owner']; hash: Uint8Array }
    letter: { address: string; bytes: Uint8Array }
    gift: { place: EnrolmentPlace; opened: EnrolmentGift; sealed: Uint8Array }
    nicknames: { name: string; folded: string; id: string }[]
  }>('enrolment-parts-v1.json')
  const { request, code, words, gift } = vector
  expect(enrolmentHash(request)).toBe(vector.hash)
  expect(enrolmentCode(request)).toBe(code.text)
  expect(parseEnrolmentCode(code.text)).toEqual(code.bytes)
  expect(enrolmentWordsHash({ request: vector.hash, owner: words.owner })).toEqual(words.hash)
  const { body } = enrolmentLetterRecord.open(vector.letter.bytes)
  expect(body.address).toBe(vector.letter.address)
  expect(await openEnrolmentLetter(code.bytes, body)).toEqual(request)
  const answer = { ...gift.place, ownerKey: cast.alice.publicKey.spki, created: 0, sealed: gift.sealed }
  expect(await openEnrolmentGift(cast.share, answer)).toEqual(gift.opened)
  for (const { name, folded, id } of vector.nicknames)
    expect([foldNickname(name), nicknameId(name)]).toEqual([folded, id])
})
