import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { EXIT } from './exit-codes.ts'
import { addFileCommands } from './files.ts'
import { addIdentityCommands } from './identity.ts'
import { addNodeCommands } from './node.ts'
import { addServerCommands } from './servers.ts'
import { addShareCommands } from './shares.ts'
import { addSupplierCommands } from './suppliers.ts'

/** The `bitdust` program. Its exit codes are documented in docs/cli.md. */
export function createProgram(): Command {
  const program = new Command('bitdust')
    .description('Keep your data on other people’s machines without trusting them.')
    .version(VERSION)
    .showHelpAfterError('(bitdust --help tells the commands)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage))
  addNodeCommands(program)
  addIdentityCommands(program)
  addFileCommands(program)
  addSupplierCommands(program)
  addShareCommands(program)
  addServerCommands(program)
  return program
}
