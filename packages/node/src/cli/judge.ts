import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { describeError } from '../daemon/error-report.ts'
import { NodeError } from '../errors.ts'
import { EXIT } from './exit-codes.ts'
import { safeText } from './output.ts'

/**
 * Lets a command that judges an input answer wrong usage in JSON too: `answer` on standard output, exit code 2.
 * For commands that programs call on whatever they find.
 */
export function answersUsage(command: Command, answer: object): Command {
  return command.exitOverride(({ exitCode }) => {
    const isHelp = exitCode === 0
    if (!isHelp && process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(answer)}\n`)
    process.exit(isHelp ? EXIT.ok : EXIT.usage)
  })
}

/**
 * Reads a file that may be anything: at most one byte more than the limit, for the judge to see that it is too long.
 *
 * @throws {NodeError} `NotFound`, whatever the reason why it cannot be read.
 */
export async function readAtMost(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    await using handle = await open(file)
    const bytes = new Uint8Array(maxBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null)
      length += bytesRead
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new NodeError('NotFound', `${file} cannot be read: ${reason}`, { cause, subject: file })
  }
}

/** Tells people on standard error why an input could not be read, or what is wrong with it; gives the code. */
export function tellWhy(error: unknown): string {
  const { code, message } = describeError(error)
  process.stderr.write(`${code}: ${safeText(message)}\n`)
  return code
}
