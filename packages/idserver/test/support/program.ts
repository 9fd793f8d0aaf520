import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../src/node/bin.ts', import.meta.url))

/** The program in a process of its own. */
export interface Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** Its end: exit code (`null` after a signal) and what it wrote to standard error. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
  /** The next line of its log. @throws It ended before. */
  nextLine(): Promise<Record<string, unknown>>
}

/** Starts `bitdust-idserver` with these arguments, from the sources. */
export function startProgram(...args: string[]): Program {
  const child = spawn(process.execPath, ['--conditions=@bitdust/source', '--no-warnings', BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, errors })),
    async nextLine() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the program ended: ${errors}`)
      return JSON.parse(value) as Record<string, unknown>
    },
  }
}

/** Starts it on a free port of this machine, as for the open Internet unless `--local` is among the arguments. */
export async function startServing(folder: string, ...args: string[]): Promise<Program & { readonly port: number }> {
  const place = ['--host', 'id.example', '--folder', folder, '--address', '127.0.0.1', '--port', '0']
  const program = startProgram(...place, ...args)
  const { message, port } = await program.nextLine()
  if (message !== 'listening') throw new Error(`the program said ${message}`)
  return { ...program, port: Number(port) }
}
