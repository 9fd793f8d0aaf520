import { generateDeviceKey } from '@bitdust/crypto'
import { carrierConformance } from '../src/conformance.ts'
import { createLibp2pCarrier } from '../src/libp2p/index.ts'

carrierConformance(
  'libp2p over TCP',
  async () => {
    const carrier = async () =>
      createLibp2pCarrier({
        deviceKey: await generateDeviceKey(),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        allowPrivate: true,
      })
    return [await carrier(), await carrier(), await carrier()]
  },
  // A window of 4 MiB, 1 MiB in the reader's queue, and what the piece being written adds.
  { maxBytesInFlight: 6 * 1024 * 1024 },
)
