import { createDht, memorySequenceStore } from '@bitdust/dht'
import { systemClock } from '@bitdust/machine'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'
import { openFolder } from './folder.ts'
import { ensureDeviceKey } from './metadata.ts'
import { untilStopped } from './until-stopped.ts'

export interface SeedOptions {
  readonly directory: string
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  readonly local: boolean
  readonly onReady: (ready: { readonly peerId: string; readonly addresses: readonly string[] }) => void
}

/** Runs a node of the DHT alone until the process is told to stop: it has a device key and no identity. */
export async function serveSeed({ directory, listen, local, onReady }: SeedOptions): Promise<void> {
  const folder = await openFolder(directory)
  try {
    const dht = createDht({ seeds: [], sequences: memorySequenceStore(), allowPrivate: local, clock: systemClock })
    const carrier = await createLibp2pCarrier({
      deviceKey: await ensureDeviceKey(folder.paths),
      listen,
      allowPrivate: local,
      services: { dht: dht.service },
    })
    await carrier.start()
    dht.start(carrier.libp2p)
    onReady({ peerId: carrier.peerId, addresses: carrier.addresses() })
    await untilStopped()
    await dht.stop()
    await carrier.stop()
  } finally {
    folder.release()
  }
}
