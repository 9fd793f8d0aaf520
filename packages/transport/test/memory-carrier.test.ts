import { generateDeviceKey } from '@bitdust/crypto'
import { carrierConformance } from '../src/conformance.ts'
import { createMemoryNetwork } from '../src/memory.ts'

carrierConformance(
  'memory',
  async () => {
    const network = createMemoryNetwork()
    const carrier = async () => network.carrier(await generateDeviceKey())
    return [await carrier(), await carrier(), await carrier()]
  },
  { maxBytesInFlight: 256 * 1024 },
)
