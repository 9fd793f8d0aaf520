import { createRequire } from 'node:module'
import { Command } from 'commander'
import { jsonLinesLogger } from '../json-lines-logger.ts'
import { addIdServerOptions, idServerOptions } from './command-options.ts'
import { runIdServer } from './run-id-server.ts'

/** This package's own manifest, found by its name: the path differs between the sources and the built files. */
const manifest = createRequire(import.meta.url)('@bitdust/idserver/package.json') as { readonly version: string }

const USAGE_EXIT_CODE = 2

/** The program `bitdust-idserver`. It ends with 0 when told to stop, 1 when it cannot serve, 2 for wrong arguments. */
export function createProgram(): Command {
  const program = addIdServerOptions(new Command('bitdust-idserver'))
    .description('Serves BitDust identities at http://HOST/NAME.xml. Writes its log to standard output, as JSON lines.')
    .version(manifest.version)
    .requiredOption('--folder <folder>', 'where identities are kept, one file each')
    .showHelpAfterError('(bitdust-idserver --help tells the options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE))
  return program.action(async () => {
    const options = idServerOptions(program)
    const { folder } = program.opts<{ folder: string }>()
    // A log that nobody reads any more is no reason to stop serving.
    process.stdout.on('error', () => {})
    const logger = jsonLinesLogger({ write: (line) => process.stdout.write(line) })
    try {
      await runIdServer({ ...options, folder, logger })
    } catch (error) {
      process.stderr.write(`bitdust-idserver: ${error instanceof Error ? error.message : error}\n`)
      process.exitCode = 1
    }
  })
}
