import { library } from '../../tsup.base.ts'

export default library({
  entry: ['src/index.ts', 'src/conformance.ts', 'src/zstd/node.ts', 'src/zstd/web.ts'],
  platform: 'neutral',
  external: ['#zstd'],
})
