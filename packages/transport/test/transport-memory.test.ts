import { createMemoryNetwork } from '../src/memory.ts'
import { transportLaws } from './transport-laws.ts'

const network = createMemoryNetwork()
transportLaws('memory', async (deviceKey) => network.carrier(deviceKey), 1024 * 1024)
