import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NodeError } from '../errors.ts'

/** Longest wait for a process to say that it is ready, in ms: a start on a busy machine takes seconds. */
const READY_TIMEOUT_MS = 60_000
/** How long a process may take to stop before it is killed, in ms. */
const STOP_TIMEOUT_MS = 15_000

/** What a process prints, as one JSON line, when it serves. */
export type ReadyLine = Readonly<Record<string, unknown>> & { readonly event: 'ready' }

/** A `bitdust` process of a local network. */
export interface NodeProcess {
  readonly name: string
  readonly folder: string
  readonly pid: number
  /** What it printed when it was ready: addresses, IDURL, peer id. */
  readonly ready: ReadyLine
  readonly running: boolean
  /** Sends a signal and waits for the end of the process. `SIGKILL` gives it no chance to tidy up. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** The program that this package installs as `bitdust`. */
export const BITDUST_PROGRAM = fileURLToPath(import.meta.resolve('@bitdust/node/bin'))

/**
 * Starts `bitdust ARGS --folder FOLDER --json` and waits until it says that it is ready. Its standard error goes to
 * `process.log` in the folder.
 *
 * @throws {NodeError} `Timeout`, or `Internal` with its last words when it ended early.
 */
export async function startNodeProcess(
  name: string,
  folder: string,
  args: readonly string[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<NodeProcess> {
  signal?.throwIfAborted()
  const child = spawn(process.execPath, [BITDUST_PROGRAM, ...args, '--folder', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(folder, 'process.log'), { flags: 'a', mode: 0o600 })
  child.stderr.pipe(log)
  const ended = once(child, 'exit')
  const ready = await readyLine(name, child, ended, signal).catch(async (error: unknown) => {
    child.kill('SIGKILL')
    await ended
    throw error
  })
  child.stdout.resume()
  return {
    name,
    folder,
    pid: child.pid ?? 0,
    ready,
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async kill(kind) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(kind)
      const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(overdue)
    },
  }
}

async function readyLine(
  name: string,
  child: ChildProcess,
  ended: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<ReadyLine> {
  const deadline = AbortSignal.any([AbortSignal.timeout(READY_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])])
  const words: string[] = []
  child.stderr?.on('data', (bytes: Buffer) => {
    words.push(bytes.toString())
    if (words.length > 20) words.shift()
  })
  const found = (async () => {
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const message = JSON.parse(line) as { event?: string }
      if (message.event === 'ready') return message as ReadyLine
    }
    return null
  })()
  const late = once(deadline, 'abort').then(() => 'late' as const)
  const outcome = await Promise.race([found, late, ended.then(() => null)])
  if (outcome === 'late')
    throw new NodeError(
      'Timeout',
      `${name} was not ready within ${READY_TIMEOUT_MS / 1000} s; its log is process.log in its folder`,
    )
  if (outcome === null)
    throw new NodeError('Internal', `${name} ended before it was ready: ${words.join('').trim().slice(-2000)}`)
  return outcome
}
