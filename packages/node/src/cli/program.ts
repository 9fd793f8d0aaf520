import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { addDeviceCommands } from './devices.ts'
import { EXIT } from './exit-codes.ts'
import { addFileCommands } from './files.ts'
import { addIdentityCommands } from './identity.ts'
import { addKeyCommands } from './keys.ts'
import { addNodeCommands } from './node.ts'
import { addPruneCommand } from './prune.ts'
import { addServerCommands } from './servers.ts'
import { addShareCommands } from './shares.ts'
import { addSupplierCommands } from './suppliers.ts'

/**
 * The `bitdust` program. Its exit codes are documented in docs/cli.md. What enters the network by itself is imported by
 * the command that does so: loading libp2p takes longer than all the rest of most commands.
 */
export function createProgram(): Command {
  const program = new Command('bitdust')
    .description('Keep your data on other people’s machines without trusting them.')
    .version(VERSION)
    .showHelpAfterError('(bitdust --help tells the commands)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage))
  addNodeCommands(program)
  addIdentityCommands(program)
  addDeviceCommands(program)
  addFileCommands(program)
  addPruneCommand(program)
  addSupplierCommands(program)
  addShareCommands(program)
  addKeyCommands(program)
  addServerCommands(program)
  return program
}
