import { createLibp2pCarrier } from '../src/libp2p/index.ts'
import { createMemoryNetwork } from '../src/memory.ts'
import { hostileLaws } from './hostile-laws.ts'

const network = createMemoryNetwork()
hostileLaws('memory', async (deviceKey) => network.carrier(deviceKey))
hostileLaws('libp2p over TCP', (deviceKey) =>
  createLibp2pCarrier({ deviceKey, listen: ['/ip4/127.0.0.1/tcp/0'], allowPrivate: true }),
)
