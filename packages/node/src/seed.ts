import { createDht, memorySequenceStore } from '@bitdust/dht'
import { systemClock } from '@bitdust/machine'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'
import { readConfig } from './config.ts'
import { openFolder } from './folder.ts'
import { ensureDeviceKey } from './metadata.ts'
import { untilStopped } from './until-stopped.ts'

export interface SeedOptions {
  readonly directory: string
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Allows private addresses; so does the network that the folder's `config.json` names. */
  readonly local: boolean
  readonly onReady: (ready: { readonly peerId: string; readonly addresses: readonly string[] }) => void
}

/**
 * Runs a node of the DHT alone until the process is told to stop: it has a device key, and so one peer id for ever, and no
 * identity. It enters the network through the other seeds that its `config.json` names; the first of a network has none.
 */
export async function serveSeed({ directory, listen, local, onReady }: SeedOptions): Promise<void> {
  const folder = await openFolder(directory)
  try {
    const { network } = await readConfig(folder.paths.config)
    const allowPrivate = local || network.local
    const dht = createDht({ seeds: network.seeds, sequences: memorySequenceStore(), allowPrivate, clock: systemClock })
    const carrier = await createLibp2pCarrier({
      deviceKey: await ensureDeviceKey(folder.paths),
      listen,
      allowPrivate,
      services: { dht: dht.service },
    })
    await carrier.start()
    dht.start(carrier.libp2p)
    // Whoever is told that it serves may stop it at once.
    const stopped = untilStopped()
    onReady({ peerId: carrier.peerId, addresses: carrier.addresses() })
    await stopped
    await dht.stop()
    await carrier.stop()
  } finally {
    folder.release()
  }
}
