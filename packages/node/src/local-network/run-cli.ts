import { execFile } from 'node:child_process'
import { RemoteNodeError } from '../daemon/client.ts'
import type { ErrorReport } from '../daemon/error-report.ts'
import { NodeError } from '../errors.ts'
import { BITDUST_PROGRAM } from './node-process.ts'

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

/**
 * Runs one `bitdust` command as a process of its own, as a user would, and returns its JSON result.
 *
 * @throws {RemoteNodeError} with the code that the command reported.
 */
export async function runCli(
  folder: string,
  args: readonly string[],
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (event: Record<string, unknown>) => void } = {},
): Promise<unknown> {
  const lines = await new Promise<string[]>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [BITDUST_PROGRAM, ...args, '--folder', folder, '--json'],
      { maxBuffer: MAX_OUTPUT_BYTES, ...(signal === undefined ? {} : { signal }) },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout.trim().split('\n')) : reject(failureOf(error, args, stderr)),
    )
    if (onProgress !== undefined) followProgress(child.stdout, onProgress)
  })
  const last = lines.at(-1) ?? ''
  return last === '' ? null : JSON.parse(last)
}

function followProgress(
  stdout: NodeJS.ReadableStream | null,
  onProgress: (event: Record<string, unknown>) => void,
): void {
  let rest = ''
  stdout?.on('data', (chunk: string | Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('{"progress":')) continue
      onProgress((JSON.parse(line) as { progress: Record<string, unknown> }).progress)
    }
  })
}

function failureOf(error: Error, args: readonly string[], stderr: string): Error {
  const line = stderr.trim().split('\n').at(-1) ?? ''
  if (line.startsWith('{"error":')) return new RemoteNodeError((JSON.parse(line) as { error: ErrorReport }).error)
  return new NodeError('Internal', `bitdust ${args[0]} failed: ${stderr.trim().slice(-2000) || error.message}`, {
    cause: error,
  })
}
