import { type DeviceKey, deviceKeyFromSeed, importRsaPrivateKey, type RsaPrivateKey, utf8Encode } from '@bitdust/crypto'
import { parseIdurl, peerIdOfDevice, signCertificate } from '@bitdust/identity'
import { testKeys } from '@bitdust/testing'
import {
  accessProofRecord,
  type BlockRecord,
  blockIdOf,
  contractRecord,
  type Entry,
  enrolmentAnswerRecord,
  enrolmentHash,
  enrolmentLetterRecord,
  enrolmentRequestRecord,
  familyRecord,
  grantRecord,
  type Hash32,
  headerRecord,
  type JournalId,
  journalEntryRecord,
  keyAuditRecord,
  layoutRecord,
  locationIdOf,
  manifestRecord,
  membersRecord,
  nicknameRecord,
  offerRecord,
  parseHash,
  type RecordHash,
  type RecordKind,
  receiptRecord,
  type SigningKey,
  type VerifyingKey,
} from '../src/index.ts'

/** Everybody who signs in the tests. Deterministic: the vectors are made with these. */
export interface Cast {
  readonly alice: RsaPrivateKey
  readonly bob: RsaPrivateKey
  readonly share: RsaPrivateKey
  readonly laptop: DeviceKey
  readonly server: DeviceKey
  readonly mallory: RsaPrivateKey
  readonly malloryDevice: DeviceKey
}

export const NOW = Date.UTC(2026, 0, 2)

export async function createCast(): Promise<Cast> {
  const [alice, bob, share, mallory] = await Promise.all(
    testKeys[2048].slice(0, 4).map((pem) => importRsaPrivateKey(pem)),
  )
  const [laptop, server, malloryDevice] = await Promise.all([1, 2, 3].map((n) => deviceKeyFromSeed(filled(32, n))))
  return {
    alice: alice!,
    bob: bob!,
    share: share!,
    mallory: mallory!,
    laptop: laptop!,
    server: server!,
    malloryDevice: malloryDevice!,
  }
}

/** A kind, a body for it and who signs it, with the types of kind and body hidden: tests treat all kinds alike. */
export interface Sample {
  readonly name: string
  readonly kind: RecordKind<object, string>
  readonly body: object
  readonly signers: Readonly<Record<string, SigningKey>>
  /** Keys of the same sort that must not pass. */
  readonly strangers: Readonly<Record<string, VerifyingKey>>
}

/** One sample or more for every kind of record. */
export async function createSamples(cast: Cast): Promise<readonly Sample[]> {
  const { alice, bob, share, laptop, server, mallory, malloryDevice } = cast
  const owner = alice.publicKey.fingerprint
  const supplier = bob.publicKey.fingerprint
  const location = locationIdOf(owner, 'master')
  const shared = locationIdOf(owner, 'share_1234')
  const device = laptop.publicKey.id
  const block = sampleBlock(cast)
  const ownerIdurl = parseIdurl('http://first-machine.com/alice.xml')
  const supplierIdurl = parseIdurl('https://second-machine.net:8084/bob.xml')
  const peerId = peerIdOfDevice(laptop.publicKey.bytes)
  const supplierPeer = peerIdOfDevice(server.publicKey.bytes)
  const certificate = await signCertificate(
    { device: laptop.publicKey, label: 'laptop', created: NOW, expires: NOW + 1000 },
    alice,
  )

  function sample<Body extends object, Role extends string>(
    name: string,
    kind: RecordKind<Body, Role>,
    body: Body,
    signers: { readonly [R in Role]?: SigningKey },
  ): Sample {
    const entries = Object.entries(signers) as [Role, SigningKey][]
    const strangers = entries.map(([role, key]) => [role, 'id' in key.publicKey ? malloryDevice : mallory] as const)
    return {
      name,
      kind: kind as unknown as RecordKind<object, string>,
      body,
      signers: Object.fromEntries(entries),
      strangers: Object.fromEntries(strangers.map(([role, key]) => [role, key.publicKey])),
    }
  }

  const layout = { block, n: 4, fragmentBytes: 250, roots: hashes(8) }
  const written = { owner, location, writer: owner, device, epoch: 0 }
  const entry = { ...written, family: 1, date: NOW, generation: 1, payload: filled(64, 9) }

  return [
    sample('layout', layoutRecord, { ...layout, signer: 'writer', device }, { device: laptop }),
    sample('layout-by-owner', layoutRecord, { ...layout, signer: 'owner', device: null }, { owner: alice }),
    sample(
      'header',
      headerRecord,
      {
        owner,
        location: shared,
        revision: 2,
        previous: recordHash(1),
        generations: [
          {
            generation: 1,
            publicKey: filled(40, 8),
            sealedSecret: filled(30, 1),
            ownerSealed: filled(40, 2),
            previousSealed: null,
            members: [],
            devices: [],
          },
          {
            generation: 2,
            publicKey: filled(40, 8),
            sealedSecret: filled(30, 3),
            ownerSealed: filled(40, 4),
            previousSealed: filled(81, 5),
            members: [{ member: supplier, sealed: filled(30, 6) }],
            devices: [{ device, sealed: filled(30, 7) }],
          },
        ],
        devices: [{ device, encryptionKey: filled(40, 8) }],
        revoked: [
          {
            device: server.publicKey.id,
            heads: [{ journal: parseHash<JournalId>('13'.repeat(32)), sequence: 4, hash: recordHash(14) }],
          },
        ],
      },
      { owner: alice },
    ),
    sample(
      'members',
      membersRecord,
      {
        owner,
        location: shared,
        revision: 1,
        previous: null,
        keys: [{ generation: 1, publicKey: filled(40, 8) }],
        lines: [
          { who: { identity: supplier }, rights: ['read', 'write'], budgetBytes: 1e9, expires: NOW, generation: 1 },
          { who: { holderOf: 1 }, rights: ['read'], budgetBytes: null, expires: null, generation: 1 },
        ],
      },
      { owner: alice },
    ),
    sample(
      'manifest',
      manifestRecord,
      {
        location,
        writer: owner,
        device,
        created: NOW,
        version: 'F20160313043757PM',
        root: {
          name: 'animals',
          kind: 'folder',
          mode: 0o755,
          mtime: NOW,
          size: 12_345,
          files: 3,
          content: { extents: [{ block: blockIdOf(block), key: filled(32, 1), offset: 7, length: 300 }] },
        },
      },
      { device: laptop },
    ),
    sample(
      'journal-entry-first',
      journalEntryRecord,
      {
        ...entry,
        sequence: 0,
        previous: null,
        heads: [],
        kind: 'put',
        certificate,
        writerKey: alice.publicKey.spki,
      },
      { device: laptop },
    ),
    sample(
      'journal-entry',
      journalEntryRecord,
      {
        ...entry,
        sequence: 1,
        previous: recordHash(2),
        heads: [{ journal: parseHash<JournalId>('ab'.repeat(32)), sequence: 7, hash: recordHash(3) }],
        kind: 'delete',
        certificate: null,
        writerKey: null,
      },
      { device: laptop },
    ),
    sample(
      'family',
      familyRecord,
      {
        customer: owner,
        idurl: ownerIdurl,
        revision: 1,
        previous: null,
        n: 2,
        positions: [
          { fingerprint: supplier, idurl: supplierIdurl, peerId: supplierPeer, contract: recordHash(4) },
          { fingerprint: mallory.publicKey.fingerprint, idurl: ownerIdurl, peerId, contract: recordHash(5) },
        ],
      },
      { owner: alice },
    ),
    sample(
      'contract',
      contractRecord,
      {
        customer: owner,
        supplier,
        position: 1,
        bytes: 2 ** 30,
        from: NOW,
        until: NOW + 1000,
        created: NOW,
        nonce: filled(16, 1),
      },
      { customer: alice, supplier: bob },
    ),
    sample(
      'offer',
      offerRecord,
      {
        supplier,
        idurl: supplierIdurl,
        peerId: supplierPeer,
        freeBytes: 2 ** 40,
        until: NOW + 1000,
        created: NOW,
        expires: NOW + 10,
      },
      { device: server },
    ),
    sample(
      'receipt',
      receiptRecord,
      {
        supplier,
        device: server.publicKey.id,
        customer: owner,
        kind: 'fragments',
        subject: blockIdOf(block),
        position: 3,
        revision: null,
        bytes: 500,
        date: NOW,
      },
      { device: server },
    ),
    sample(
      'grant',
      grantRecord,
      {
        owner,
        ownerIdurl,
        alias: 'share_1234',
        location: shared,
        generation: 1,
        member: supplier,
        rights: ['read', 'write'],
        family: 1,
        nonce: filled(16, 2),
        created: NOW,
        sealed: filled(50, 3),
      },
      { owner: alice },
    ),
    sample(
      'access-proof',
      accessProofRecord,
      {
        supplier,
        supplierPeer,
        member: owner,
        memberPeer: peerId,
        location: shared,
        generation: 1,
        nonce: filled(32, 4),
      },
      { share },
    ),
    sample(
      'key-audit',
      keyAuditRecord,
      {
        auditor: owner,
        auditorPeer: peerId,
        auditee: supplier,
        auditeePeer: supplierPeer,
        key: share.publicKey.fingerprint,
        nonce: filled(32, 5),
        expires: NOW,
        purpose: 'private',
      },
      { audited: share },
    ),
    sample(
      'nickname',
      nicknameRecord,
      {
        nickname: 'Alice in Ünderland',
        owner,
        ownerKey: alice.publicKey.spki,
        idurl: ownerIdurl,
        created: NOW,
        expires: NOW + 1000,
      },
      { owner: alice },
    ),
    sample(
      'enrolment-request',
      enrolmentRequestRecord,
      { device, encryptionKey: share.publicKey.spki, label: 'laptop', created: NOW },
      { device: laptop },
    ),
    sample(
      'enrolment-answer',
      enrolmentAnswerRecord,
      {
        device,
        request: enrolmentHash(filled(40, 1)),
        owner,
        ownerKey: alice.publicKey.spki,
        created: NOW,
        sealed: filled(50, 6),
      },
      { owner: alice },
    ),
    sample(
      'enrolment-letter',
      enrolmentLetterRecord,
      { address: laptop.publicKey.id, purpose: 'request', created: NOW, sealed: filled(50, 7) },
      { code: laptop },
    ),
  ]
}

export function sampleBlock({ alice }: Pick<Cast, 'alice'>): BlockRecord {
  const writer = alice.publicKey.fingerprint
  return { location: locationIdOf(writer, 'master'), writer, size: 1000, hash: parseHash('cd'.repeat(32)) }
}

/** A file of a few bytes. */
export function fileEntry(name: string, content = 'hello'): Entry {
  const inline = utf8Encode(content)
  return { name, kind: 'file', mode: 0o644, mtime: NOW, size: inline.length, files: 1, content: { inline } }
}

export function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value)
}

function hashes(count: number): Hash32[] {
  return Array.from({ length: count }, (_, i) => parseHash((i + 16).toString(16).repeat(32)))
}

function recordHash(value: number): RecordHash {
  return parseHash(value.toString(16).padStart(2, '0').repeat(32))
}
