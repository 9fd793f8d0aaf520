import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import { toCustomerError } from '../failure.ts'
import type { CallOptions } from '../ports.ts'
import { downloadStart, downloadTable } from './machine.ts'

export interface RunDownloadOptions extends CallOptions {
  readonly clock: Clock
  /** What is read, for errors. */
  readonly path: string
  readonly onTransition?: MachineObserver
}

/** Reads under the download machine: whatever way it ends, nothing goes on being fetched for it. */
export async function* runDownload<T>(
  read: (options: CallOptions) => AsyncIterable<T>,
  { clock, path, signal, onTransition }: RunDownloadOptions,
): AsyncGenerator<T, void, undefined> {
  const over = new AbortController()
  const machine = createRunner({
    name: 'download',
    table: downloadTable,
    initial: downloadStart,
    clock,
    perform: () => over.abort(new DOMException('the download has ended', 'AbortError')),
    ...(onTransition === undefined ? {} : { onTransition }),
  })
  machine.send({ type: 'begin' })
  try {
    yield* read({ signal: AbortSignal.any([signal, over.signal]) })
    machine.send({ type: 'finished' })
  } catch (error) {
    machine.send({ type: 'failed' })
    throw toCustomerError(error, path)
  } finally {
    machine.send({ type: 'leave' })
    await machine.stop()
  }
}
