import { type DeviceKey, generateDeviceKey } from '@bitdust/crypto'
import { systemClock } from '@bitdust/machine'
import { createLibp2pCarrier, type Libp2pCarrier } from '@bitdust/transport/libp2p'
import type { KadDHT } from '@libp2p/kad-dht'
import { createDht, type Dht, type DhtOptions, memorySequenceStore } from '../../src/index.ts'

export type KadCarrier = Libp2pCarrier<{ dht: KadDHT }>

/** A node of the DHT and its host. */
export interface Member {
  readonly dht: Dht
  readonly carrier: KadCarrier
  /** Port on loopback, also when it stopped. */
  readonly port: number
  stop(): Promise<void>
}

export interface JoinOptions extends Partial<DhtOptions> {
  readonly deviceKey?: DeviceKey
  /** Port on loopback. @default any */
  readonly port?: number
}

/** A libp2p host on loopback that carries this service. It is not started. */
export async function hostFor(
  service: Dht['service'],
  { deviceKey, port = 0 }: Pick<JoinOptions, 'deviceKey' | 'port'> = {},
): Promise<KadCarrier> {
  return createLibp2pCarrier({
    deviceKey: deviceKey ?? (await generateDeviceKey()),
    listen: [`/ip4/127.0.0.1/tcp/${port}`],
    allowPrivate: true,
    services: { dht: service },
  })
}

/** Starts a node on loopback which enters the network by these seeds. */
export async function join(
  seeds: readonly string[],
  { deviceKey, port, ...options }: JoinOptions = {},
): Promise<Member> {
  const dht = createDht({ seeds, sequences: memorySequenceStore(), allowPrivate: true, clock: systemClock, ...options })
  const carrier = await hostFor(dht.service, {
    ...(deviceKey === undefined ? {} : { deviceKey }),
    ...(port === undefined ? {} : { port }),
  })
  await carrier.start()
  dht.start(carrier.libp2p)
  return {
    dht,
    carrier,
    port: Number(carrier.addresses()[0]?.split('/')[4]),
    async stop() {
      await dht.stop()
      await carrier.stop()
    },
  }
}

/** Waits for something that happens by itself, at most 10 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`)
    await systemClock.sleep(20)
  }
}
