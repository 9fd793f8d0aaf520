import { type Fingerprint, importRsaPrivateKey, type RsaPrivateKey, randomBytes } from '@bitdust/crypto'
import { hashOf, type JournalId, type LocationId, type MemberLine } from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import type { AccessProver } from '../src/index.ts'
import { COMMANDS } from '../src/protocol/commands.ts'
import {
  deleteBlocksRequest,
  listFilesRequest,
  retrieveRequest,
  storeFragmentsRequest,
} from '../src/protocol/fragments.ts'
import {
  codeOf,
  hire,
  proverOf,
  type SampleBlock,
  sampleBlock,
  sampleHeader,
  sampleJournal,
  sampleMembers,
  shareOf,
} from './samples.ts'
import { createWorld, type Person, type SupplierNode } from './world.ts'

export const shareKey = await importRsaPrivateKey(testKeys[3072][0])
export const nextShareKey = await importRsaPrivateKey(testKeys[3072][1])

export interface ShareOptions {
  /** Bob's line, beside what is usual. */
  readonly line?: Partial<MemberLine>
  /** The key that Bob proves. */
  readonly key?: RsaPrivateKey
}

/** Alice has a share at a supplier, Bob is a member of it, Carl has nothing to do with it. */
export async function aliceAndBob({ line = {}, key = shareKey }: ShareOptions = {}) {
  const world = createWorld()
  const supplier = await world.supplier('sam')
  const alice = await world.person('alice')
  const share = shareOf(alice)
  /** What Bob signed. */
  const proofs: Uint8Array[] = []
  let prover: AccessProver | undefined
  const bob = await world.person('bob', { prover: (location) => (location === share ? prover : undefined) })
  prover = proverOf(bob, key, proofs)
  const carl = await world.person('carl')
  await hire(alice, supplier, world.clock.now())
  const customer = alice.ref.fingerprint
  const to = supplier.ref
  const lines = [{ who: { identity: bob.ref.fingerprint }, ...line }]
  const members = await sampleMembers(alice, share, { keys: [shareKey], lines })
  const header = await sampleHeader(alice, share, 1)
  await alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes })
  await alice.client.putRecord(to, { customer, kind: 'members', record: members.bytes })
  return { ...world, supplier, alice, bob, carl, share, customer, to, members, header, proofs }
}

export interface Target {
  readonly to: SupplierNode['ref']
  readonly customer: Fingerprint
}

/** What somebody is told who tries everything with a location and one block of it. */
export async function tryAll(who: Person, { to, customer }: Target, location: LocationId, block: SampleBlock) {
  const { client } = who
  const place = { customer, location }
  const own = await sampleBlock(who, location)
  const entries = await sampleJournal(who, { owner: customer, location }, 1)
  const journal = hashOf<JournalId>(randomBytes(32))
  const found = (promise: Promise<unknown>) => promise.then((value) => (value === null ? 'none' : 'given'))
  return {
    put: await codeOf(client.putFragments(to, { customer, ...own.at(0) })),
    get: await found(client.getFragment(to, { ...place, block: block.id, n: block.n, position: 0, want: 'both' })),
    list: await codeOf(Array.fromAsync(client.listFragments(to, place))),
    listAll: await codeOf(Array.fromAsync(client.listFragments(to, { customer, location: null }))),
    delete: await codeOf(client.deleteBlocks(to, { customer, blocks: [block.id] })),
    locations: await codeOf(client.listLocations(to, { customer })),
    append: await codeOf(client.appendJournal(to, { ...place, entries })),
    heads: await codeOf(client.journalHeads(to, place)),
    journal: await codeOf(Array.fromAsync(client.getJournal(to, { ...place, journal, from: 0 }))),
    subscribe: await codeOf(client.subscribe(to, place)),
    header: await found(client.getRecord(to, { ...place, kind: 'header' })),
    members: await found(client.getRecord(to, { ...place, kind: 'members' })),
    cancel: await codeOf(client.cancel(to, { customer })),
  }
}

/** What {@link tryAll} gives to somebody without any right. */
export const REFUSED = {
  put: 'NotFound',
  get: 'none',
  list: 'NotFound',
  listAll: 'NotFound',
  delete: 'NotFound',
  locations: 'NotFound',
  append: 'NotFound',
  heads: 'NotFound',
  journal: 'NotFound',
  subscribe: 'NotFound',
  header: 'none',
  members: 'none',
  cancel: 'NotFound',
}

/** Sends a packet that names any owner, past the client. */
export function sendAs(
  signer: Person,
  owner: Fingerprint,
  command: 'data' | 'retrieve' | 'deleteFile' | 'listFiles',
  { to, customer }: Target,
  block: SampleBlock,
): Promise<string> {
  const { layout, position, data, parity } = block.at(0)
  const packets = {
    data: {
      payload: storeFragmentsRequest.encode({ customer, layout, position }),
      body: [data, parity],
      bodyCheck: 'handler' as const,
    },
    retrieve: { payload: retrieveRequest.encode({ customer, block: block.id, n: block.n, position, want: 'layout' }) },
    deleteFile: { payload: deleteBlocksRequest.encode({ customer, blocks: [block.id] }) },
    listFiles: { payload: listFilesRequest.encode({ customer, location: null, after: null, limit: 1 }) },
  }
  return codeOf(signer.transport.request(to, { command: COMMANDS[command], owner, ...packets[command] }))
}
