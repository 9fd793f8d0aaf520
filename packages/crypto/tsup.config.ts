import { library } from '../../tsup.base.ts'

export default library({
  entry: ['src/index.ts', 'src/files.ts', 'src/backend/node.ts', 'src/backend/web.ts'],
  platform: 'neutral',
  external: ['#backend'],
})
