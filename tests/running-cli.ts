import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { BITDUST_PROGRAM } from '@bitdust/node/network'

/** A `bitdust --json` command that tells more than its result. */
export interface RunningCli {
  /** The next line that it prints; null at the end. */
  next(): Promise<Record<string, unknown> | null>
  /** Its exit code, and what it wrote to standard error, as text. */
  readonly ended: Promise<{ readonly code: number | null; readonly error: string }>
  kill(): void
}

/** Starts a command as a user would. @param input - What it reads from standard input. */
export function runningCli(folder: string, args: readonly string[], input = ''): RunningCli {
  const child = spawn(process.execPath, [BITDUST_PROGRAM, ...args, '--folder', folder, '--json'])
  const words: string[] = []
  child.stderr.on('data', (bytes: Buffer) => words.push(bytes.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  // A command that fails early does not read it.
  child.stdin.on('error', () => undefined).end(input)
  return {
    async next() {
      const { done, value } = await lines.next()
      return done ? null : (JSON.parse(value) as Record<string, unknown>)
    },
    ended: once(child, 'close').then(() => ({ code: child.exitCode, error: words.join('') })),
    kill: () => child.kill('SIGTERM'),
  }
}
