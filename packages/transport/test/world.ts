import { type DeviceKey, generateDeviceKey, importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import {
  createResolver,
  formatIdentityDate,
  memoryIdentityStore,
  type PeerRef,
  parseIdurl,
  peerIdOfDevice,
  type Resolver,
  type SignedIdentity,
  signCertificate,
  signIdentity,
} from '@bitdust/identity'
import { createVirtualClock, testKeys, type VirtualClock } from '@bitdust/testing'
import { onTestFinished } from 'vitest'
import type { Carrier } from '../src/carrier.ts'
import {
  createTransport,
  type Logger,
  type Transport,
  type TransportLimits,
  type TransportOptions,
} from '../src/index.ts'

const DAY_MS = 86_400_000

export type MakeCarrier = (deviceKey: DeviceKey) => Promise<Carrier>

/** A node with an identity of its own. */
export interface TestPeer {
  readonly transport: Transport
  readonly carrier: Carrier
  readonly deviceKey: DeviceKey
  readonly masterKey: RsaPrivateKey
  readonly ref: PeerRef
  readonly resolver: Resolver
  /** The document it shows; may be replaced. */
  identity: SignedIdentity
  /** Messages of its log. */
  readonly log: string[]
}

export interface PeerOptions {
  readonly limits?: Partial<TransportLimits>
  /** Shown instead of its own document. */
  readonly identity?: SignedIdentity
  /** Restarts somebody: the same keys and document. */
  readonly as?: TestPeer
  /** Its own clock. */
  readonly clock?: VirtualClock
  /** Runs before the carrier starts. */
  readonly tamper?: (carrier: Carrier) => void
  readonly resolver?: TransportOptions['resolver']
}

/** Peers on one network, with one clock, who find each other. */
export interface World {
  readonly clock: VirtualClock
  /** A started peer; stopped when the test ends. The n-th name has the n-th test key. */
  peer(name: string, options?: PeerOptions): Promise<TestPeer>
  /** Where a peer is found, in place of where it is. */
  readonly addresses: Map<string, readonly string[]>
}

export function createWorld(makeCarrier: MakeCarrier): World {
  const clock = createVirtualClock()
  const addresses = new Map<string, readonly string[]>()
  const names: string[] = []
  const transports: Transport[] = []
  // At once: libp2p waits half a second for a connection whose other end is just closing.
  onTestFinished(async () => {
    await Promise.all(transports.map((transport) => transport.stop()))
  })

  async function peer(name: string, options: PeerOptions = {}): Promise<TestPeer> {
    if (!names.includes(name)) names.push(name)
    const masterKey = options.as?.masterKey ?? (await importRsaPrivateKey(testKeys[2048][names.indexOf(name)] ?? ''))
    const deviceKey = options.as?.deviceKey ?? (await generateDeviceKey())
    const identity = options.as?.identity ?? (await signTestIdentity(name, masterKey, [deviceKey], clock.now()))
    const carrier = await makeCarrier(deviceKey)
    const resolver = createResolver({ sources: [], store: memoryIdentityStore(), clock, allowPrivate: true })
    const log: string[] = []
    const write: Logger['warn'] = (message, fields) => log.push(`${message} ${String(fields?.code ?? '')}`.trim())
    const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
    const self: { identity: SignedIdentity } = { identity: options.identity ?? identity }
    const transport = createTransport({
      carrier,
      deviceKey,
      identity: async () => self.identity,
      resolver: options.resolver ?? resolver,
      locate: async (to) => addresses.get(to.peerId) ?? [],
      clock: options.clock ?? clock,
      logger: { debug: write, warn: write },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
    options.tamper?.(carrier)
    transports.push(transport)
    await transport.start()
    addresses.set(peerId, carrier.addresses())
    const ref: PeerRef = {
      fingerprint: masterKey.publicKey.fingerprint,
      idurl: parseIdurl(idurlOf(name)),
      peerId,
    }
    return Object.assign(self, { transport, carrier, deviceKey, masterKey, ref, resolver, log })
  }

  return { clock, peer, addresses }
}

/** A document that names these devices, valid for a day. */
export async function signTestIdentity(
  name: string,
  masterKey: RsaPrivateKey,
  devices: readonly DeviceKey[],
  now: number,
  revision = 1,
): Promise<SignedIdentity> {
  const certificates = await Promise.all(
    devices.map(({ publicKey }) =>
      signCertificate({ device: publicKey, label: name, created: now, expires: now + DAY_MS }, masterKey),
    ),
  )
  return signIdentity(
    {
      contacts: [],
      sources: [parseIdurl(idurlOf(name))],
      certificates,
      scrubbers: [],
      postage: '1',
      date: formatIdentityDate(now),
      version: 'test',
      revision,
    },
    masterKey,
  )
}

function idurlOf(name: string): string {
  return `http://id.example.com/${name}.xml`
}
