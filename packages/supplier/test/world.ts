import { type DeviceKey, deviceKeyFromSeed, importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import {
  createResolver,
  formatIdentityDate,
  memoryIdentityStore,
  type PeerRef,
  parseIdurl,
  peerIdOfDevice,
  type SignedIdentity,
  signCertificate,
  signIdentity,
} from '@bitdust/identity'
import { createVirtualClock, seededRandom, testKeys, type VirtualClock } from '@bitdust/testing'
import { createTransport, type Transport } from '@bitdust/transport'
import { createMemoryNetwork } from '@bitdust/transport/memory'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import { onTestFinished } from 'vitest'
import {
  createSupplier,
  createSupplierClient,
  type FindProver,
  type FragmentStore,
  memoryFragmentStore,
  type Supplier,
  type SupplierClient,
  type SupplierLimits,
} from '../src/index.ts'

const GIB = 1024 ** 3
const YEAR_MS = 366 * 86_400_000

/** A node with an identity, on the network of the test. */
export interface Person {
  readonly name: string
  readonly masterKey: RsaPrivateKey
  readonly deviceKey: DeviceKey
  /** Text of the device's certificate. */
  readonly certificate: string
  readonly ref: PeerRef
  readonly transport: Transport
  readonly client: SupplierClient
}

export interface SupplierNode extends Person {
  readonly supplier: Supplier
  readonly fragments: FragmentStore
  readonly books: KeyValueStore
}

export interface PersonOptions {
  readonly prover?: FindProver
  /** Which device of the person; each has its own key. @default 0 */
  readonly device?: number
  /** Whether the master key lives elsewhere, as its certificate says. @default false */
  readonly enrolled?: boolean
  /** Whose identity it is. @default its own, by name */
  readonly identityOf?: string
}

export interface SupplierNodeOptions {
  readonly offeredBytes?: number
  readonly limits?: Partial<SupplierLimits>
  readonly fragments?: FragmentStore
  readonly books?: KeyValueStore
  /** @default true */
  readonly start?: boolean
  /** Whether the supplier answers; else the test registers its own commands. @default true */
  readonly attach?: boolean
}

/** Nodes on one network in memory, with one clock. */
export interface World {
  readonly clock: VirtualClock
  person(name: string, options?: PersonOptions): Promise<Person>
  supplier(name: string, options?: SupplierNodeOptions): Promise<SupplierNode>
  /** Cuts or mends what is between two nodes. */
  setLink(a: Person, b: Person, link: { readonly down?: boolean; readonly stalled?: boolean }): void
}

/** A started world; everything in it stops when the test ends. */
export function createWorld(): World {
  const clock = createVirtualClock()
  const network = createMemoryNetwork()
  const names: string[] = []
  const addresses = new Map<string, readonly string[]>()
  /** Of each identity, by the device. */
  const certificates = new Map<string, string[]>()

  async function node(name: string, { device = 0, identityOf = name, enrolled = false }: PersonOptions) {
    if (!names.includes(identityOf)) names.push(identityOf)
    const masterKey = await importRsaPrivateKey(testKeys[2048][names.indexOf(identityOf)]!)
    const deviceKey = await deviceKeyFromSeed(seededRandom(`${identityOf} ${device}`)(32))
    const created = clock.now()
    const certificate = await signCertificate(
      {
        device: deviceKey.publicKey,
        label: name,
        created,
        expires: created + YEAR_MS,
        // Which key does not matter here.
        ...(enrolled ? { encryptionKey: masterKey.publicKey } : {}),
      },
      masterKey,
    )
    const all = certificates.get(identityOf) ?? []
    all[device] = certificate
    certificates.set(identityOf, all)
    const identity = await sign(identityOf, masterKey, [...all], device + 1)
    const carrier = network.carrier(deviceKey)
    const transport = createTransport({
      carrier,
      deviceKey,
      identity: async () => identity,
      resolver: createResolver({ sources: [], store: memoryIdentityStore(), clock, allowPrivate: true }),
      locate: async (to) => addresses.get(to.peerId) ?? [],
      clock,
      // The clock stands still, so buckets are not filled again.
      limits: { requestsPerSecond: 1e6, requestBurst: 1e6, signatureChecksPerSecond: 1e6 },
    })
    onTestFinished(() => transport.stop())
    const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
    const ref: PeerRef = { fingerprint: masterKey.publicKey.fingerprint, idurl: identity.document.sources[0]!, peerId }
    return { name, masterKey, deviceKey, certificate, ref, transport, carrier }
  }

  async function open(started: Awaited<ReturnType<typeof node>>): Promise<void> {
    await started.transport.start()
    addresses.set(started.ref.peerId, started.carrier.addresses())
  }

  function sign(name: string, key: RsaPrivateKey, texts: readonly string[], revision: number): Promise<SignedIdentity> {
    return signIdentity(
      {
        contacts: [],
        sources: [parseIdurl(`http://id.example.com/${name}.xml`)],
        certificates: texts,
        scrubbers: [],
        postage: '1',
        date: formatIdentityDate(clock.now()),
        version: 'test',
        revision,
      },
      key,
    )
  }

  return {
    clock,

    async person(name, options = {}) {
      const made = await node(name, options)
      const { prover } = options
      const client = createSupplierClient({
        sender: made.transport,
        clock,
        ...(prover === undefined ? {} : { prover }),
      })
      client.attach(made.transport)
      await open(made)
      return { ...made, client }
    },

    async supplier(name, { offeredBytes = GIB, limits, start = true, attach = true, ...stores } = {}) {
      const made = await node(name, {})
      const { masterKey, deviceKey, ref, transport } = made
      const fragments = stores.fragments ?? memoryFragmentStore()
      const books = stores.books ?? memoryKeyValueStore()
      const supplier = createSupplier({
        self: { ...ref, masterKey, deviceKey },
        offeredBytes,
        fragments,
        books,
        clock,
        sender: transport,
        ...(limits === undefined ? {} : { limits }),
      })
      if (attach) supplier.attach(transport)
      if (start) await supplier.start()
      onTestFinished(() => supplier.stop())
      await open(made)
      const client = createSupplierClient({ sender: transport, clock })
      return { ...made, client, supplier, fragments, books }
    },

    setLink: (a, b, link) => network.setLink(a.ref.peerId, b.ref.peerId, link),
  }
}
