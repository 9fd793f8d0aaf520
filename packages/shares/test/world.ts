import { type DeviceKey, deviceKeyFromSeed, importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import {
  type Customer,
  createCustomer,
  type FamilyDirectory,
  type Location,
  type SupplierFinder,
} from '@bitdust/customer'
import {
  createKeyRing,
  createResolver,
  type IdentitySource,
  type Idurl,
  type KeyRing,
  type KeyStore,
  memoryIdentityStore,
  memoryKeyStore,
  type PeerRef,
  parseIdurl,
  peerIdOfDevice,
  type Resolver,
  type SignedIdentity,
  signCertificate,
  signIdentity,
} from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { createWasmCoder } from '@bitdust/raid'
import { familyRecord } from '@bitdust/records'
import { createSupplier, createSupplierClient, memoryFragmentStore } from '@bitdust/supplier'
import { seededRandom, testKeys } from '@bitdust/testing'
import { createTransport, type Transport } from '@bitdust/transport'
import { createMemoryNetwork } from '@bitdust/transport/memory'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import { onTestFinished } from 'vitest'
import { createShares, type ReceivedFiles, type ReceivedShare, type Shares, type SharesOptions } from '../src/index.ts'

const MIB = 1024 * 1024
const DAY_MS = 86_400_000
/** Real time after which a call that hangs is ended, in ms. */
const LIMIT_MS = 15_000

const clock = systemClock
const coder = createWasmCoder()
/** Each key is imported once in a process. */
const keys = testKeys[2048].map((pem) => importRsaPrivateKey(pem))

/** The signal of calls that are to succeed. */
export function inTime(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(LIMIT_MS) }
}

/** An identity with its devices, of which the first is the one that runs. */
export interface Person {
  readonly name: string
  readonly masterKey: RsaPrivateKey
  readonly deviceKey: DeviceKey
  readonly certificate: string
  readonly identity: SignedIdentity
  readonly idurl: Idurl
  readonly ref: PeerRef
}

/** A running node: customer, shares and what is under them. */
export interface User extends Person {
  readonly transport: Transport
  readonly resolver: Resolver
  readonly customer: Customer
  readonly keyRing: KeyRing
  readonly keyStore: KeyStore
  readonly store: KeyValueStore
  readonly shares: Shares
  readonly received: ReceivedShare[]
  readonly files: ReceivedFiles[]
  /** `machine: from -> to` of each transition. */
  readonly transitions: string[]
  /** Ends it like a process. */
  stop(): Promise<void>
}

export interface UserOptions {
  /** Devices that the identity names besides the one that runs; they never answer. @default 0 */
  readonly otherDevices?: number
  /** Whether suppliers are hired. @default false */
  readonly hires?: boolean
  /** Continues a user that was stopped: the same keys and stores. */
  readonly as?: User
  /** Changes what the shares are given. */
  readonly change?: (options: SharesOptions<Location>) => SharesOptions<Location>
  /** Whether shares answer; else the test registers its own commands. @default true */
  readonly attach?: boolean
}

/** Nodes on one network in memory, with two suppliers. Everything is real but wire, disk and DHT. */
export interface World {
  user(name: string, options?: UserOptions): Promise<User>
  person(name: string, otherDevices?: number): Promise<Person>
  /** Cuts or mends what is between two nodes. */
  setLink(a: Person, b: Person, link: { readonly down?: boolean; readonly stalled?: boolean }): void
  readonly suppliers: readonly Person[]
}

/** A started world; everything in it stops when the test ends. */
export async function createWorld(): Promise<World> {
  const network = createMemoryNetwork()
  const names: string[] = []
  const people = new Map<string, Person>()
  const families = new Map<string, Uint8Array>()
  const suppliers: Person[] = []

  /** What ID-servers and the DHT would serve. */
  const source: IdentitySource = {
    name: 'test',
    fetch: async (query) =>
      [...people.values()].find(({ idurl, ref }) =>
        'idurl' in query ? idurl === query.idurl : ref.fingerprint === query.fingerprint,
      )?.identity.document.bytes ?? null,
  }
  const finder: SupplierFinder = {
    async *candidates({ exclude }) {
      for (const { ref } of suppliers) if (!exclude.has(ref.fingerprint)) yield { peer: ref, addresses: [] }
    },
  }
  const directory: FamilyDirectory = {
    async publish(family) {
      families.set(familyRecord.open(family).body.customer, family)
      return { stored: 1 }
    },
    find: async (owner) => families.get(owner) ?? null,
  }

  async function person(name: string, otherDevices = 0): Promise<Person> {
    const known = people.get(name)
    if (known !== undefined) return known
    names.push(name)
    const masterKey = await keys[names.indexOf(name)]!
    const devices = await Promise.all(
      Array.from({ length: 1 + otherDevices }, (_, i) => deviceKeyFromSeed(seededRandom(`${name} ${i}`)(32))),
    )
    const created = clock.now()
    const certificates = await Promise.all(
      devices.map((device) =>
        signCertificate({ device: device.publicKey, label: name, created, expires: created + DAY_MS }, masterKey),
      ),
    )
    const idurl = parseIdurl(`http://id.example.com/${name}.xml`)
    const texts = { postage: '1', date: 'Sat Dec 13 14:08:36 2014', version: 'test' }
    const identity = await signIdentity(
      { ...texts, contacts: [], sources: [idurl], certificates: certificates.toReversed(), scrubbers: [], revision: 1 },
      masterKey,
    )
    const [deviceKey, certificate] = [devices[0]!, certificates[0]!]
    const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
    const ref = { fingerprint: masterKey.publicKey.fingerprint, idurl, peerId }
    const made = { name, masterKey, deviceKey, certificate, identity, idurl, ref }
    people.set(name, made)
    return made
  }

  function transportOf({ deviceKey, identity }: Person): { transport: Transport; resolver: Resolver } {
    const resolver = createResolver({ sources: [source], store: memoryIdentityStore(), clock })
    const transport = createTransport({
      carrier: network.carrier(deviceKey),
      deviceKey,
      identity: async () => identity,
      resolver,
      locate: async ({ peerId }) => [`/memory/${peerId}/p2p/${peerId}`],
      clock,
    })
    onTestFinished(() => transport.stop())
    return { transport, resolver }
  }

  async function addSupplier(name: string): Promise<void> {
    const self = await person(name)
    const { transport } = transportOf(self)
    const supplier = createSupplier({
      self: { ...self.ref, masterKey: self.masterKey, deviceKey: self.deviceKey },
      offeredBytes: 64 * MIB,
      fragments: memoryFragmentStore(),
      books: memoryKeyValueStore(),
      clock,
      sender: transport,
      limits: { diskReserveBytes: 0, diskReserveShare: 0 },
    })
    supplier.attach(transport)
    await supplier.start()
    await transport.start()
    onTestFinished(() => supplier.stop())
    suppliers.push(self)
  }

  async function user(name: string, options: UserOptions = {}): Promise<User> {
    const { as: before, hires = false, attach = true, change = (same) => same } = options
    const self = await person(name, options.otherDevices)
    const { transport, resolver } = transportOf(self)
    const store = before?.store ?? memoryKeyValueStore()
    const keyStore = before?.keyStore ?? memoryKeyStore()
    const { masterKey, deviceKey, certificate, idurl } = self
    const { fingerprint, peerId } = self.ref
    const keys = { masterPublicKey: masterKey.publicKey, masterKey, encryptionKey: masterKey }
    const who = { fingerprint, peerId, ...keys, deviceKey, certificate, idurl: () => idurl }
    const remotes = createSupplierClient({
      sender: transport,
      clock,
      prover: (location) => customer.locations.prover(location),
    })
    const customer: Customer = createCustomer({
      self: who,
      remotes,
      finder,
      directory,
      ownerKeys: {
        publicKey: async (owner, { signal }) => (await resolver.resolve({ fingerprint: owner }, { signal })).publicKey,
      },
      store,
      coder: await coder,
      clock,
    })
    const keyRing = createKeyRing({ store: keyStore })
    const transitions: string[] = []
    const shares = createShares(
      change({
        self: who,
        keyRing,
        locations: customer.locations,
        files: customer,
        sender: transport,
        identities: resolver,
        store,
        clock,
        onTransition: ({ machine, from, to }) => transitions.push(`${machine}: ${from} -> ${to}`),
      }),
    )
    const received: ReceivedShare[] = []
    const files: ReceivedFiles[] = []
    shares.events.addEventListener('share:received', ({ detail }) => received.push(detail))
    shares.events.addEventListener('share:files', ({ detail }) => files.push(detail))
    if (attach) shares.attach(transport)
    remotes.attach(transport)
    const stop = async () => {
      await shares.stop()
      await customer.stop()
      await transport.stop()
    }
    onTestFinished(stop)
    await transport.start()
    await customer.start()
    if (hires && before === undefined) await customer.family.hire({ count: 2, bytes: 4 * MIB, ...inTime() })
    await shares.start()
    return {
      ...self,
      transport,
      resolver,
      customer,
      keyRing,
      keyStore,
      store,
      shares,
      received,
      files,
      transitions,
      stop,
    }
  }

  for (const name of ['first-supplier', 'second-supplier']) await addSupplier(name)
  return {
    user,
    person,
    suppliers,
    setLink: (a, b, link) => network.setLink(a.ref.peerId, b.ref.peerId, link),
  }
}

/** Alice has suppliers and a share, bob has neither. */
export async function aliceAndBob({ bobsDevices = 1 } = {}) {
  const world = await createWorld()
  const alice = await world.user('alice', { hires: true })
  const bob = await world.user('bob', { otherDevices: bobsDevices - 1 })
  const alias = 'share_0780f0d64b017303a0d81865eee009f1'
  // Making a key would take most of the time of a test.
  await alice.keyRing.add(await keys[5]!, { alias, creator: alice.ref.fingerprint, user: 'alice@id.example.com' })
  const share = await alice.shares.create({ alias, label: 'Holiday', ...inTime() })
  return { world, alice, bob, share }
}

/** A location by its id. */
export async function placeOf({ customer }: User, id: string): Promise<Location> {
  const found = (await customer.locations.list()).find((location) => location.id === id)
  if (found === undefined) throw new Error('no such location')
  return found
}

/** Keys of what accepting grants left in the store. */
export async function acceptancesOf({ store }: User): Promise<string[]> {
  const found: string[] = []
  for await (const [key] of store.list({ prefix: 'shares/acceptance/' })) found.push(key)
  return found
}

/** What a promise rejects with; fails when it does not. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error,
  )
}

/** All key files, by name. */
export async function keyFilesOf({ keyStore }: User): Promise<Record<string, string | null>> {
  const files: Record<string, string | null> = {}
  for await (const name of keyStore.list()) files[name] = await keyStore.get(name)
  return files
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  const { signal } = inTime()
  while (!holds()) await clock.sleep(4, signal)
}
