import {
  type DeviceKey,
  type Fingerprint,
  parseFingerprint,
  type RsaPrivateKey,
  randomBytes,
  toHex,
  treeRoot,
} from '@bitdust/crypto'
import {
  accessProofRecord,
  type BlockId,
  blockIdOf,
  type Contract,
  contractRecord,
  type EntryHash,
  familyRecord,
  type Hash32,
  hashOf,
  headerRecord,
  type JournalEntry,
  journalEntryRecord,
  type LocationId,
  layoutRecord,
  locationIdOf,
  type MemberLine,
  membersRecord,
  parseHash,
  type RecordHash,
} from '@bitdust/records'
import type { AccessProver } from '../src/index.ts'
import type { Person, SupplierNode } from './world.ts'

export const MIB = 1024 ** 2
export const DAY_MS = 86_400_000

/** The master location of somebody. */
export function masterOf({ ref }: Person): LocationId {
  return locationIdOf(ref.fingerprint, 'master')
}

/** A share of somebody. */
export function shareOf({ ref }: Person, alias = 'share_0123456789abcdef0123456789abcdef'): LocationId {
  return locationIdOf(ref.fingerprint, alias)
}

/** A block as its writer sees it; the fragments are noise, since suppliers never decode. */
export interface SampleBlock {
  readonly id: BlockId
  readonly hash: Hash32
  readonly layout: Uint8Array
  readonly n: number
  readonly fragments: readonly Uint8Array[]
  /** What `putFragments` takes for a position. */
  at(position: number): { layout: Uint8Array; position: number; data: Uint8Array; parity: Uint8Array }
}

export interface BlockOptions {
  readonly n?: number
  readonly fragmentBytes?: number
  /** Signs instead of the writer's device. */
  readonly owner?: RsaPrivateKey
  readonly device?: DeviceKey
  readonly writer?: Fingerprint
  /** Of a block that this one pretends to be. */
  readonly hash?: Hash32
}

export async function sampleBlock(
  writer: Person,
  location: LocationId,
  options: BlockOptions = {},
): Promise<SampleBlock> {
  const { n = 2, fragmentBytes = 1000, owner, device = writer.deviceKey, hash = hashOf(randomBytes(32)) } = options
  const fragments = Array.from({ length: 2 * n }, () => randomBytes(fragmentBytes))
  const block = { location, writer: options.writer ?? writer.ref.fingerprint, size: n * fragmentBytes, hash }
  const roots = fragments.map((fragment) => parseHash<Hash32>(toHex(treeRoot(fragment))))
  const signer = owner === undefined ? 'writer' : 'owner'
  const body = {
    block,
    n,
    fragmentBytes,
    roots,
    signer,
    device: owner === undefined ? device.publicKey.id : null,
  } as const
  const { bytes: layout } = await layoutRecord.sign(body, owner ?? device)
  return {
    id: blockIdOf(block),
    hash,
    layout,
    n,
    fragments,
    at: (position) => ({ layout, position, data: fragments[position]!, parity: fragments[n + position]! }),
  }
}

/** A contract with the customer's signature. */
export async function sampleContract(
  customer: Person,
  supplier: SupplierNode,
  now: number,
  change: Partial<Contract> = {},
): Promise<{ contract: Uint8Array; customerKey: Uint8Array }> {
  const { masterKey } = customer
  const body: Contract = {
    customer: customer.ref.fingerprint,
    supplier: supplier.ref.fingerprint,
    position: 0,
    bytes: 10 * MIB,
    from: now,
    until: now + 30 * DAY_MS,
    created: now,
    nonce: randomBytes(16),
    ...change,
  }
  const { bytes } = await contractRecord.sign(body, { customer: masterKey })
  return { contract: bytes, customerKey: masterKey.publicKey.spki }
}

/** Makes somebody a customer. */
export async function hire(
  customer: Person,
  supplier: SupplierNode,
  now: number,
  change: Partial<Contract> = {},
): Promise<void> {
  await customer.client.requestContract(supplier.ref, await sampleContract(customer, supplier, now, change))
}

/** A family of two suppliers, the given one first. */
export async function sampleFamily(
  customer: Person,
  supplier: SupplierNode,
  revision: number,
  previous: RecordHash | null = revision === 1 ? null : hashOf<RecordHash>(randomBytes(32)),
) {
  const other = { ...supplier.ref, fingerprint: noName(), peerId: customer.ref.peerId }
  const positions = [supplier.ref, other].map(({ fingerprint, idurl, peerId }) => ({
    fingerprint,
    idurl,
    peerId,
    contract: hashOf<RecordHash>(randomBytes(32)),
  }))
  const { fingerprint, idurl } = customer.ref
  return familyRecord.sign({ customer: fingerprint, idurl, revision, n: 2, positions, previous }, customer.masterKey)
}

/** A header whose secrets are noise; `size` bytes of them. */
export function sampleHeader(
  owner: Person,
  location: LocationId,
  revision: number,
  {
    previous = null,
    size = 30,
    generations = 1,
    revoked = [],
  }: {
    readonly previous?: RecordHash | null
    readonly size?: number
    readonly generations?: number
    readonly revoked?: readonly Person[]
  } = {},
) {
  const noise = () => randomBytes(30)
  const members = Array.from({ length: Math.ceil(size / 1000) }, () => ({
    member: noName(),
    sealed: randomBytes(1000),
  }))
  const made = Array.from({ length: generations }, (_, index) => ({
    generation: index + 1,
    publicKey: noise(),
    sealedSecret: noise(),
    ownerSealed: noise(),
    previousSealed: index === 0 ? null : noise(),
    members,
    devices: [],
  }))
  return headerRecord.sign(
    {
      owner: owner.ref.fingerprint,
      location,
      revision,
      previous: revision > 1 && previous === null ? hashOf<RecordHash>(randomBytes(32)) : previous,
      generations: made,
      devices: [],
      revoked: revoked.map(({ deviceKey }) => ({ device: deviceKey.publicKey.id, heads: [] })),
    },
    owner.masterKey,
  )
}

/** A fingerprint that belongs to nobody. */
function noName(): Fingerprint {
  return parseFingerprint(toHex(randomBytes(32)))
}

export interface MembersOptions {
  readonly revision?: number
  readonly previous?: RecordHash | null
  /** Keys by generation, from 1. */
  readonly keys: readonly RsaPrivateKey[]
  readonly lines: readonly Partial<MemberLine>[]
}

/** A member list; lines name nobody and give reading and writing unless told. */
export function sampleMembers(
  owner: Person,
  location: LocationId,
  { revision = 1, previous = null, keys, lines }: MembersOptions,
) {
  return membersRecord.sign(
    {
      owner: owner.ref.fingerprint,
      location,
      revision,
      previous,
      keys: keys.map((key, i) => ({ generation: i + 1, publicKey: key.publicKey.spki })),
      lines: lines.map((line) => ({
        who: { holderOf: 1 },
        rights: ['read', 'write'],
        budgetBytes: null,
        expires: null,
        generation: 1,
        ...line,
      })),
    },
    owner.masterKey,
  )
}

/** Proves a share key of the first generation in the name of somebody, and keeps the proofs. */
export function proverOf({ ref }: Person, key: RsaPrivateKey, proofs: Uint8Array[] = []): AccessProver {
  return {
    async prove({ supplier, supplierPeer, location, nonce }) {
      const member = { member: ref.fingerprint, memberPeer: ref.peerId }
      const body = { supplier, supplierPeer, ...member, location, generation: 1, nonce }
      const { bytes } = await accessProofRecord.sign(body, key)
      proofs.push(bytes)
      return bytes
    },
  }
}

export interface EntryOptions {
  /** Of the location. @default the writer */
  readonly owner?: Fingerprint
  readonly location: LocationId
  readonly sequence: number
  readonly previous: EntryHash | null
  readonly change?: Partial<JournalEntry>
}

/** A journal entry of a person's device, with a payload that nobody can read. */
export function sampleEntry(
  writer: Person,
  { owner = writer.ref.fingerprint, location, sequence, previous, change }: EntryOptions,
) {
  const isFirst = sequence === 0
  return journalEntryRecord.sign(
    {
      owner,
      location,
      writer: writer.ref.fingerprint,
      device: writer.deviceKey.publicKey.id,
      epoch: 0,
      sequence,
      previous,
      heads: [],
      family: 1,
      date: 0,
      kind: 'put',
      generation: 1,
      payload: randomBytes(100),
      certificate: isFirst ? writer.certificate : null,
      writerKey: isFirst ? writer.masterKey.publicKey.spki : null,
      ...change,
    },
    writer.deviceKey,
  )
}

/** A journal of so many entries. */
export async function sampleJournal(
  writer: Person,
  options: Pick<EntryOptions, 'owner' | 'location' | 'change'>,
  count: number,
): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = []
  let previous: EntryHash | null = null
  for (let sequence = 0; sequence < count; sequence++) {
    const entry: Awaited<ReturnType<typeof sampleEntry>> = await sampleEntry(writer, { ...options, sequence, previous })
    entries.push(entry.bytes)
    previous = entry.hash
  }
  return entries
}

/** The code with which a promise is refused, or `done`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'done'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
