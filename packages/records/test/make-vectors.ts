/**
 * Writes `test/vectors`: `pnpm --filter @bitdust/records vectors NAME...`, for those that are named. Only for a new kind or
 * version: what stands there is what others have stored, and must be read for ever. Signing is randomised, so every run
 * gives other bytes.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CanonicalValue, concatBytes, decodeCanonical, encodeCanonical } from '@bitdust/crypto'
import { parseIdurl } from '@bitdust/identity'
import {
  blockIdOf,
  type EnrolmentRequest,
  type EntryHash,
  encodeExtents,
  encodeNode,
  enrolmentCode,
  enrolmentCodeBytes,
  enrolmentHash,
  enrolmentRequestRecord,
  enrolmentWordsHash,
  foldNickname,
  fragmentName,
  type Grant,
  hashOf,
  type JournalEntry,
  type JournalPayload,
  journalEntryRecord,
  journalIdOf,
  locationIdOf,
  nicknameId,
  sealEnrolmentGift,
  sealEnrolmentLetter,
  sealGrantedKey,
  sealLocationSecret,
  sealLocationSecrets,
  sealPayload,
  sealPreviousSecret,
} from '../src/index.ts'
import { createCast, createSamples, fileEntry, filled, type Sample, sampleBlock } from './samples.ts'
import { formatVector } from './vector-json.ts'

const folder = join(import.meta.dirname, 'vectors')
const origin = {
  source: '@bitdust/records, written by itself',
  generatedBy: 'test/make-vectors.ts, keys of @bitdust/testing',
}
const cast = await createCast()
const samples = await createSamples(cast)

mkdirSync(folder, { recursive: true })
for (const sample of samples) await write(sample.name, () => recordVector(sample))
await write('ids', ids)
await write('node', nodes)
await write('sealed-parts', sealedParts)
await write('enrolment-parts', enrolmentParts)

async function write(name: string, make: () => object | Promise<object>): Promise<void> {
  if (!process.argv.includes(name)) return
  const vector = await make()
  writeFileSync(join(folder, `${name}-v1.json`), formatVector({ ...origin, ...vector }))
}

/** A record, what it says, who signed it, and spoilt copies with the code that each of them gets. */
async function recordVector({ kind, body, signers, strangers }: Sample): Promise<object> {
  const signed = await kind.sign(body, signers)
  const keys = Object.entries(signers).map(([role, { publicKey }]) => [
    role,
    'id' in publicKey ? { device: publicKey.bytes } : { spki: publicKey.spki },
  ])
  const items = decodeCanonical(signed.bytes, { maxBytes: kind.maxBytes }) as CanonicalValue[]
  const [name, version, fields, signatures] = items as [string, number, Record<string, CanonicalValue>, CanonicalValue]
  const changed = (signatures as CanonicalValue[]).map((signature) => (signature as Uint8Array).map((byte) => byte ^ 1))
  const bad = [
    {
      what: 'a version to come',
      code: 'VersionUnsupported',
      record: encodeCanonical([name, version + 1, fields, signatures]),
    },
    { what: 'another kind', code: 'RecordInvalid', record: encodeCanonical([`${name}s`, version, fields, signatures]) },
    {
      what: 'an unknown field',
      code: 'RecordInvalid',
      record: encodeCanonical([name, version, { ...fields, zzz: 0 }, signatures]),
    },
    { what: 'a byte behind the end', code: 'RecordInvalid', record: concatBytes(signed.bytes, Uint8Array.of(0)) },
    { what: 'the last byte missing', code: 'RecordInvalid', record: signed.bytes.subarray(0, -1) },
    { what: 'an indefinite length', code: 'RecordInvalid', record: indefinite(signed.bytes) },
    { what: 'changed signatures', code: 'SignatureInvalid', record: encodeCanonical([name, version, fields, changed]) },
    { what: 'no signatures', code: 'SignatureInvalid', record: (await kind.sign(body, {})).bytes },
    { what: 'a signature by somebody else', code: 'SignatureInvalid', record: await foreign(signed.bytes, strangers) },
  ]
  return {
    kind: kind.kind,
    version: signed.version,
    body,
    record: signed.bytes,
    signedContent: signed.signedContent,
    hash: signed.hash,
    signers: Object.fromEntries(keys),
    bad,
  }
}

/** The same items in a list whose end is marked instead of counted. */
function indefinite(record: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x9f), record.subarray(1), Uint8Array.of(0xff))
}

/** The record with signatures that were made for the same content by other keys. */
async function foreign(record: Uint8Array, strangers: Sample['strangers']): Promise<Uint8Array> {
  const [kind, version, fields] = decodeCanonical(record, { maxBytes: record.length }) as CanonicalValue[]
  const content = encodeCanonical([kind!, version!, fields!])
  const keys = [cast.mallory, cast.malloryDevice]
  const signatures = await Promise.all(
    Object.values(strangers).map((stranger) =>
      keys.find(({ publicKey }) => publicKey === stranger)!.sign('other', content),
    ),
  )
  return encodeCanonical([kind!, version!, fields!, signatures])
}

function ids(): object {
  const customer = cast.alice.publicKey.fingerprint
  const location = locationIdOf(customer, 'master')
  const block = sampleBlock(cast)
  const journal = { location, writer: customer, device: cast.laptop.publicKey.id }
  const place = { customer, block: blockIdOf(block), n: 7, position: 3 }
  return {
    location: { owner: customer, alias: 'master', id: location },
    block: { record: block, id: place.block },
    journal: { ...journal, id: journalIdOf(journal) },
    laterJournal: { ...journal, epoch: 7, id: journalIdOf({ ...journal, epoch: 7 }) },
    fragment: { ...place, name: fragmentName(place) },
  }
}

function nodes(): object {
  const link = { ...fileEntry('link', 'target'), kind: 'symlink' as const, mode: 0o777 }
  const extent = { block: blockIdOf(sampleBlock(cast)), key: filled(32, 1), offset: 7, length: 300 }
  const large = { ...fileEntry('large'), size: 300, content: { extents: [extent] } }
  const huge = { ...fileEntry('huge'), size: 2 ** 45, content: { list: { extents: [extent] } } }
  const folder = {
    ...fileEntry('zoo ü'),
    kind: 'folder' as const,
    files: 0,
    size: 0,
    content: { inline: encodeNode([]) },
  }
  const entries = [fileEntry('cat.png'), huge, large, link, folder]
  return { entries, bytes: encodeNode(entries), extents: [extent], extentsBytes: encodeExtents([extent]) }
}

/** What is sealed, with the secrets that open it: keys are those of `samples.ts`. */
async function sealedParts(): Promise<object> {
  const secret = filled(32, 7)
  const owner = cast.alice.publicKey.fingerprint
  const place = { owner, location: locationIdOf(owner, 'share_1234'), generation: 2 }
  const secrets = { secret, privateKey: filled(100, 1), alias: 'share_1234', label: 'Holidays' }
  const granted = { privateKey: filled(100, 2), label: 'Holidays', secret }
  const grant = samples.find(({ name }) => name === 'grant')?.body as Grant
  const entry = samples.find(({ name }) => name === 'journal-entry')?.body as JournalEntry
  const payloads: JournalPayload[] = [
    { kind: 'put', path: 'animals/cat.png', manifest: filled(20, 3) },
    { kind: 'delete', path: 'animals' },
    { kind: 'release', puts: [hashOf<EntryHash>(filled(3, 1)), hashOf<EntryHash>(filled(3, 2))].sort() },
  ]
  return {
    secret,
    payloads: await Promise.all(
      payloads.map(async (payload) => {
        const body = { ...entry, kind: payload.kind, payload: await sealPayload(secret, entry, payload) }
        return { payload, entry: (await journalEntryRecord.sign(body, cast.laptop)).bytes }
      }),
    ),
    place,
    ownerSealed: { by: 'alice', secrets, sealed: await sealLocationSecrets(cast.alice.publicKey, place, secrets) },
    sealedSecret: { by: 'share', sealed: await sealLocationSecret(cast.share.publicKey, place, secret) },
    previousSealed: { previous: filled(32, 8), sealed: await sealPreviousSecret(secret, place, filled(32, 8)) },
    grant: {
      by: 'bob',
      granted,
      body: { ...grant, sealed: await sealGrantedKey(cast.bob.publicKey, grant, granted) },
    },
  }
}

/** Code, words and cover of the request in `samples.ts`, what is given in answer to it, and nicknames with their ids. */
async function enrolmentParts(): Promise<object> {
  const body = samples.find(({ name }) => name === 'enrolment-request')?.body as EnrolmentRequest
  const { bytes: request } = await enrolmentRequestRecord.sign(body, cast.laptop)
  const owner = cast.alice.publicKey.fingerprint
  const place = { device: body.device, request: enrolmentHash(request), owner }
  const code = enrolmentCodeBytes(request)
  const letter = await sealEnrolmentLetter(code, { purpose: 'request', created: body.created, content: request })
  const key = {
    keyId: 'share_1234$alice@first-machine.com',
    creator: owner,
    generation: 2,
    label: '',
    privateKey: filled(100, 2),
  }
  const gift = { idurl: parseIdurl('http://first-machine.com/alice.xml'), keys: [key] }
  const names = ['Alice', 'ａｌｉｃｅ', 'Straße', 'ΟΔΟΣ', 'Жанна 99']
  return {
    request,
    hash: place.request,
    code: { text: enrolmentCode(request), bytes: code },
    words: { owner, hash: enrolmentWordsHash(place) },
    letter: { address: letter.body.address, bytes: letter.bytes },
    gift: { by: 'share', place, opened: gift, sealed: await sealEnrolmentGift(cast.share.publicKey, place, gift) },
    nicknames: names.map((name) => ({ name, folded: foldNickname(name), id: nicknameId(name) })),
  }
}
