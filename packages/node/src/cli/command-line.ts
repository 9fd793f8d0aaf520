import type { Command } from 'commander'
import { connectDaemon, type DaemonClient } from '../daemon/client.ts'
import { defaultFolder } from '../folder.ts'
import { createOutput, type Output, reportFailure } from './output.ts'

/** What every command's action gets. */
export interface Session {
  readonly folder: string
  readonly output: Output
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  /** The running node of the folder. @throws {NodeError} `NotRunning`. */
  daemon(): Promise<DaemonClient>
  /** Asks the running node; progress goes to the output. */
  call(name: string, input?: unknown): Promise<unknown>
}

type Action<Arguments extends unknown[]> = (session: Session, ...args: Arguments) => Promise<void>

/** Adds the options that every command has and reports failures as `CODE: message` with the documented exit code. */
export function action<Arguments extends unknown[]>(target: Command, run: Action<Arguments>): Command {
  return target
    .option('--folder <dir>', 'data folder (or BITDUST_HOME)', defaultFolder())
    .option('--json', 'machine-readable output', false)
    .action(async (...args: unknown[]) => {
      const options = target.opts<{ folder: string; json: boolean }>()
      const interrupted = new AbortController()
      const onSignal = () => interrupted.abort(new DOMException('interrupted', 'AbortError'))
      process.once('SIGINT', onSignal)
      const output = createOutput(options)
      try {
        await run(createSession(options.folder, output, interrupted.signal), ...(args.slice(0, -1) as Arguments))
      } catch (error) {
        output.end()
        process.exitCode = reportFailure(error, options)
      } finally {
        process.removeListener('SIGINT', onSignal)
      }
    })
}

function createSession(folder: string, output: Output, signal: AbortSignal): Session {
  return {
    folder,
    output,
    signal,
    daemon: () => connectDaemon(folder),
    async call(name, input = {}) {
      const daemon = await connectDaemon(folder)
      return daemon.call(name, input, { signal, onProgress: (event) => output.progress(event) })
    },
  }
}
