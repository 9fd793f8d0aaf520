import { openSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline/promises'
import { ReadStream } from 'node:tty'
import { NodeError } from '../errors.ts'

/** Reads a passphrase: from the terminal without showing it, else the first line of standard input. Never from the arguments. */
export async function askPassphrase(question: string, signal: AbortSignal): Promise<string> {
  return askHidden(question, process.stdin, signal)
}

/**
 * Reads the passphrase for a file that is being written: twice on a terminal, where a slip would go unseen.
 *
 * @throws {NodeError} `ConfigInvalid` when it is empty or the second one differs.
 */
export async function askNewPassphrase(question: string, signal: AbortSignal): Promise<string> {
  const passphrase = await askPassphrase(question, signal)
  if (passphrase === '') throw new NodeError('ConfigInvalid', 'the passphrase is empty; nothing was written')
  if (process.stdin.isTTY && (await askPassphrase('The same again: ', signal)) !== passphrase)
    throw new NodeError('ConfigInvalid', 'the second passphrase was another one; nothing was written')
  return passphrase
}

/**
 * Reads a passphrase from the terminal while standard input is taken by something else.
 *
 * @throws {NodeError} `Unauthorized` when there is no terminal.
 */
export async function askPassphraseOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = openTerminal()
  try {
    return await askHidden(question, terminal, signal)
  } finally {
    terminal.destroy()
  }
}

/**
 * For commands that need somebody to look, before they do anything.
 *
 * @throws {NodeError} `ConfigInvalid` without a terminal.
 */
export function requireTerminal(): void {
  if (!process.stdin.isTTY)
    throw new NodeError('ConfigInvalid', 'there is no terminal to ask on; compare the words yourself and use --yes')
}

/** Asks a question that only `yes` answers. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  requireTerminal()
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await Promise.race([prompt.question(`${question} [yes/no] `, { signal }), endOf(prompt)])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}

async function askHidden(
  question: string,
  input: NodeJS.ReadStream | ReadStream,
  signal: AbortSignal,
): Promise<string> {
  const { stderr } = process
  // Without an output nothing that is typed is shown, from before the question on.
  const prompt = createInterface({ input, terminal: input.isTTY })
  try {
    if (input.isTTY) stderr.write(question)
    const line = await Promise.race([prompt.question('', { signal }), endOf(prompt)])
    if (input.isTTY) stderr.write('\n')
    return line
  } finally {
    prompt.close()
  }
}

/** An input that ends answers nothing. */
function endOf(prompt: Interface): Promise<string> {
  return new Promise((resolve) => prompt.once('close', () => resolve('')))
}

function openTerminal(): ReadStream {
  try {
    return new ReadStream(openSync('/dev/tty', 'r+'))
  } catch (cause) {
    throw new NodeError(
      'Unauthorized',
      'the key is protected by a passphrase and there is no terminal to ask for it; name the key file in place of -',
      { cause },
    )
  }
}
