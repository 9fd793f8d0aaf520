import { library } from '../../tsup.base.ts'

export default library({
  entry: ['src/index.ts', 'src/libp2p/index.ts', 'src/memory.ts', 'src/conformance.ts'],
  platform: 'neutral',
})
