import { library } from '../../tsup.base.ts'

export default library({
  entry: ['src/index.ts', 'src/node.ts', 'src/command.ts', 'src/node/bin.ts'],
  platform: 'neutral',
})
