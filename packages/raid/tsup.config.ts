import { library } from '../../tsup.base.ts'

export default library({
  entry: ['src/index.ts', 'src/conformance.ts', 'src/library/node.ts', 'src/library/web.ts'],
  platform: 'neutral',
  external: ['#library-bytes'],
})
