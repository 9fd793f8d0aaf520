import { randomFill } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  type DeviceKey,
  type Fingerprint,
  generateDeviceKey,
  generateRsaKey,
  importRsaPrivateKey,
  type RsaPrivateKey,
} from '@bitdust/crypto'
import {
  createResolver,
  type IdentitySource,
  type Idurl,
  memoryIdentityStore,
  type PeerRef,
  parseIdurl,
  peerIdOfDevice,
  type SignedIdentity,
  signCertificate,
  signIdentity,
} from '@bitdust/identity'
import { type Clock, systemClock } from '@bitdust/machine'
import { familyRecord } from '@bitdust/records'
import {
  createSupplier,
  createSupplierClient,
  memoryFragmentStore,
  type PacketSender,
  type Supplier,
  type SupplierClient,
  type SupplierLimits,
} from '@bitdust/supplier'
import { testKeys } from '@bitdust/testing'
import { createTransport, type Transport } from '@bitdust/transport'
import { createMemoryNetwork } from '@bitdust/transport/memory'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import type { AccessProver, FamilyDirectory, OwnerKeys, Self, SupplierFinder } from '../src/ports.ts'

const MIB = 1024 * 1024
const YEAR_MS = 365 * 24 * 3600 * 1000
/** Turns of about 1 ms: between two requests there may be a signature. */
const QUIET_TURNS = 6

export interface TestNetworkOptions {
  /** How many suppliers there are to begin with. */
  readonly suppliers: number
  /** @default the real one */
  readonly clock?: Clock
  /** What each supplier offers, in bytes. @default 64 MiB */
  readonly offeredBytes?: number
  readonly limits?: Partial<SupplierLimits>
}

/** A node of the network: an identity with one device, and a real transport over memory carriers. */
export interface TestNode {
  readonly self: Self
  /** The master key of its identity, wherever that lives. */
  readonly masterKey: RsaPrivateKey
  readonly peer: PeerRef
  readonly transport: Transport
  /** Hears of an identity, as by an `Identity` packet. */
  learn(identity: SignedIdentity): Promise<void>
  /** Nobody reaches it, and it reaches nobody. */
  down(): void
  up(): void
}

/** A node that stores for others. Its stores may be looked into and damaged. */
export interface TestSupplier extends TestNode {
  readonly supplier: Supplier
  readonly fragments: ReturnType<typeof memoryFragmentStore>
  readonly books: KeyValueStore
}

/** A node with everything that `createFamily`, `createLocations`, `createRepair` and `createCustomer` take. */
export interface TestCustomer extends TestNode {
  readonly remotes: SupplierClient
  readonly finder: SupplierFinder
  readonly directory: FamilyDirectory
  readonly ownerKeys: OwnerKeys
  readonly store: KeyValueStore
  readonly clock: Clock
  /** Whom the client asks for proofs: `customer.useProver((id) => locations.prover(id))`. */
  useProver(
    prover: (
      ...args: Parameters<NonNullable<Parameters<typeof createSupplierClient>[0]['prover']>>
    ) => AccessProver | undefined,
  ): void
}

export interface TestCustomerOptions {
  /** @default another one for each customer */
  readonly masterKey?: RsaPrivateKey
  /** @default a new device */
  readonly deviceKey?: DeviceKey
  /** Whether the master key stays elsewhere: the device gets an encryption key, which its certificate names. @default false */
  readonly enrolled?: boolean
  /** The encryption key of an enrolled device. @default another one for each */
  readonly encryptionKey?: RsaPrivateKey
  /** What an earlier run left. @default empty */
  readonly store?: KeyValueStore
}

const randomFillAsync = promisify<Uint8Array, Uint8Array>(randomFill)

/** Requests of customers that are under way, in all networks of this process. */
let requestsUnderWay = 0

/** Waits until nothing is asked of any supplier for a few turns; before that, moving a virtual clock would be a time-out. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await pause(1)
    // Signatures are made by the threads that make this too: whatever was begun before is mostly done when it is.
    await randomFillAsync(new Uint8Array(1))
    if (requestsUnderWay > 0) turns = 0
  }
}

/** Suppliers and customers in one process. Everything is real but wire, disk and DHT, which are memory. */
export interface TestNetwork {
  readonly suppliers: readonly TestSupplier[]
  /** What the directory has. */
  readonly published: Map<Fingerprint, Uint8Array>
  customer(options?: TestCustomerOptions): Promise<TestCustomer>
  addSupplier(): Promise<TestSupplier>
  /** Publishes the identity of a node without that node's certificate; whoever asks finds it, nobody is told. */
  revoke(node: TestNode): Promise<SignedIdentity>
  /** The supplier with this identity. */
  supplierOf(peer: PeerRef): TestSupplier
  stop(): Promise<void>
}

export async function createTestNetwork({
  suppliers: count,
  clock = systemClock,
  offeredBytes = 64 * MIB,
  limits = {},
}: TestNetworkOptions): Promise<TestNetwork> {
  const memory = createMemoryNetwork()
  const nodes: TestNode[] = []
  const unreachable = new Set<string>()
  const suppliers: TestSupplier[] = []
  const identities = new Map<string, SignedIdentity>()
  const published = new Map<Fingerprint, Uint8Array>()
  const stops: (() => Promise<void>)[] = []
  let nextKey = 0

  /** What ID-servers would serve. */
  const source: IdentitySource = {
    name: 'test',
    fetch: async (query) => identities.get('idurl' in query ? query.idurl : query.fingerprint)?.bytes ?? null,
  }

  async function publish(
    masterKey: RsaPrivateKey,
    idurl: Idurl,
    change: (certificates: readonly string[]) => readonly string[],
  ): Promise<SignedIdentity> {
    const { fingerprint } = masterKey.publicKey
    const before = identities.get(fingerprint)?.document
    const identity = await signIdentity(
      {
        contacts: [],
        sources: before?.sources ?? [idurl],
        certificates: change(before?.certificates ?? []),
        scrubbers: [],
        postage: '1',
        date: 'Sat Dec 13 14:08:36 2014',
        version: 'test',
        revision: (before?.revision ?? 0) + 1,
      },
      masterKey,
    )
    identities.set(identity.document.sources[0] ?? idurl, identity)
    identities.set(fingerprint, identity)
    return identity
  }

  async function createNode(
    name: string,
    masterKey: RsaPrivateKey,
    deviceKey: DeviceKey,
    encryptionKey?: RsaPrivateKey,
  ): Promise<TestNode> {
    const idurl = parseIdurl(`http://id.example.net/${name}.xml`)
    const { fingerprint } = masterKey.publicKey
    const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
    const certificate = await signCertificate(
      {
        device: deviceKey.publicKey,
        label: name,
        created: clock.now(),
        expires: clock.now() + YEAR_MS,
        ...(encryptionKey === undefined ? {} : { encryptionKey: encryptionKey.publicKey }),
      },
      masterKey,
    )
    const identity = await publish(masterKey, idurl, (certificates) => [...certificates, certificate])
    const primary: Idurl = identity.document.sources[0] ?? idurl
    const resolver = createResolver({ sources: [source], store: memoryIdentityStore(), clock })
    const transport = createTransport({
      carrier: memory.carrier(deviceKey),
      deviceKey,
      identity: async () => identity,
      resolver,
      locate: async (peer) => [`/memory/${peer.peerId}/p2p/${peer.peerId}`],
      clock,
    })
    const self: Self = {
      fingerprint,
      idurl: () => primary,
      peerId,
      ...keysOf(masterKey, encryptionKey),
      deviceKey,
      certificate,
    }
    const node: TestNode = {
      self,
      masterKey,
      peer: { fingerprint, idurl: primary, peerId },
      transport,
      async learn({ bytes }) {
        await resolver.accept(bytes)
      },
      down: () => setReach(peerId, false),
      up: () => setReach(peerId, true),
    }
    nodes.push(node)
    for (const gone of unreachable) memory.setLink(peerId, gone, { down: true })
    stops.push(() => transport.stop())
    return node
  }

  function setReach(peerId: string, isReachable: boolean): void {
    if (isReachable) unreachable.delete(peerId)
    else unreachable.add(peerId)
    for (const { peer } of nodes) {
      if (peer.peerId === peerId) continue
      memory.setLink(peerId, peer.peerId, { down: unreachable.has(peerId) || unreachable.has(peer.peerId) })
    }
  }

  async function addSupplier(): Promise<TestSupplier> {
    const node = await createNode(
      `supplier${suppliers.length}`,
      await masterKeyOf(nextKey++),
      await generateDeviceKey(),
    )
    const { self, peer, transport } = node
    const fragments = memoryFragmentStore()
    const books = memoryKeyValueStore()
    const supplier = createSupplier({
      self: { ...self, masterKey: node.masterKey, idurl: peer.idurl },
      offeredBytes,
      fragments,
      books,
      clock,
      sender: transport,
      limits: { diskReserveBytes: 0, diskReserveShare: 0, ...limits },
    })
    supplier.attach(transport)
    await supplier.start()
    await transport.start()
    stops.push(() => supplier.stop())
    const added = { ...node, supplier, fragments, books }
    suppliers.push(added)
    return added
  }

  async function customer(options: TestCustomerOptions = {}): Promise<TestCustomer> {
    const masterKey = options.masterKey ?? (await masterKeyOf(nextKey++))
    const node = await createNode(
      `customer${nodes.length}`,
      masterKey,
      options.deviceKey ?? (await generateDeviceKey()),
      options.enrolled === true ? (options.encryptionKey ?? (await masterKeyOf(nextKey++))) : undefined,
    )
    const { transport } = node
    let findProver: Parameters<TestCustomer['useProver']>[0] = () => undefined
    const sender: PacketSender = {
      async request(...args) {
        requestsUnderWay += 1
        try {
          return await transport.request(...args)
        } finally {
          requestsUnderWay -= 1
        }
      },
    }
    const remotes = createSupplierClient({ sender, clock, prover: (location) => findProver(location) })
    remotes.attach(transport)
    await transport.start()
    const resolver = createResolver({ sources: [source], store: memoryIdentityStore(), clock })
    return {
      ...node,
      remotes,
      store: options.store ?? memoryKeyValueStore(),
      clock,
      finder: {
        async *candidates({ exclude }) {
          for (const { peer } of suppliers) if (!exclude.has(peer.fingerprint)) yield { peer, addresses: [] }
        },
      },
      directory: {
        async publish(family) {
          const { body } = familyRecord.open(family)
          const known = published.get(body.customer)
          if (known === undefined || familyRecord.open(known).body.revision < body.revision)
            published.set(body.customer, family)
          return { stored: 1 }
        },
        find: async (owner) => published.get(owner) ?? null,
      },
      ownerKeys: {
        publicKey: async (owner, { signal }) => (await resolver.resolve({ fingerprint: owner }, { signal })).publicKey,
      },
      useProver(prover) {
        findProver = prover
      },
    }
  }

  for (let i = 0; i < count; i++) await addSupplier()
  return {
    suppliers,
    published,
    customer,
    addSupplier,
    revoke: ({ self, peer, masterKey }) =>
      publish(masterKey, peer.idurl, (certificates) => certificates.filter((text) => text !== self.certificate)),
    supplierOf(peer) {
      const found = suppliers.find(({ self }) => self.fingerprint === peer.fingerprint)
      if (found === undefined) throw new Error(`no supplier ${peer.fingerprint}`)
      return found
    },
    async stop() {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}

/** Keys beyond those of the pool are made once in a process. */
const keys: Promise<RsaPrivateKey>[] = []

function masterKeyOf(index: number): Promise<RsaPrivateKey> {
  const pem = testKeys[2048][index]
  keys[index] ??= pem === undefined ? generateRsaKey(2048) : importRsaPrivateKey(pem)
  return keys[index]
}

/** What a device holds: the master key, or (enrolled) an encryption key of its own. */
function keysOf(
  masterKey: RsaPrivateKey,
  encryptionKey: RsaPrivateKey | undefined,
): Pick<Self, 'masterPublicKey' | 'masterKey' | 'encryptionKey'> {
  const { publicKey: masterPublicKey } = masterKey
  if (encryptionKey === undefined) return { masterPublicKey, masterKey, encryptionKey: masterKey }
  return { masterPublicKey, masterKey: null, encryptionKey }
}
