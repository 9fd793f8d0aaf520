import { silentLogger } from '../logger.ts'
import type { RunningIdServer } from './serve-id-server.ts'
import { type StartIdServerOptions, startIdServer } from './start-id-server.ts'

export interface RunIdServerOptions extends StartIdServerOptions {
  /** Told once, when it serves. */
  readonly onListening?: (server: RunningIdServer) => void
}

/**
 * Runs an ID-server until the process is told to stop by SIGTERM or SIGINT; then requests under way end first.
 *
 * @throws What {@link startIdServer} throws.
 */
export async function runIdServer(options: RunIdServerOptions): Promise<void> {
  const { logger = silentLogger, onListening } = options
  // From the beginning: who reads that it listens may tell it to stop at once.
  const told = listenForStop()
  try {
    const server = await startIdServer(options)
    onListening?.(server)
    const signal = await told.signal
    told.forget()
    logger.info('stopping', { signal })
    await server.stop()
    logger.info('stopped')
  } finally {
    told.forget()
  }
}

/** `forget` gives the signals their usual meaning back, so that a second one ends the process at once. */
function listenForStop(): { readonly signal: Promise<NodeJS.Signals>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
  return {
    signal: promise,
    forget() {
      process.removeListener('SIGTERM', resolve)
      process.removeListener('SIGINT', resolve)
    },
  }
}
