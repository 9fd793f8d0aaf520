import { createLibp2pCarrier } from '../src/libp2p/index.ts'
import { transportLaws } from './transport-laws.ts'

transportLaws(
  'libp2p over TCP',
  (deviceKey) => createLibp2pCarrier({ deviceKey, listen: ['/ip4/127.0.0.1/tcp/0'], allowPrivate: true }),
  8 * 1024 * 1024,
)
