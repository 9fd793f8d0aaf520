import { resolve } from 'node:path'
import type { Command } from 'commander'
import { inspectKey, type KeyDescription } from '../inspect-key.ts'
import { MAX_KEY_CHARACTERS } from '../keys/key-envelope.ts'
import { action } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { answersUsage, readAtMost, tellWhy } from './judge.ts'
import { safeText } from './output.ts'

const NOTHING_KNOWN = { format: null, keyId: null, kind: null, bits: null, fingerprint: null, label: null } as const

/** `key inspect`. Exit code 0: a key; 1: read, and no key file; 2: could not be read. JSON in every case. */
export function addInspectKeyCommand(key: Command): void {
  const inspect = key
    .command('inspect <file>')
    .description(
      'what a key file says, ours or the original’s, without the key; exit code 0 a key, 1 none, 2 unreadable',
    )
  action(answersUsage(inspect, NOTHING_KNOWN), async ({ output }, file: string) => {
    let description: KeyDescription | typeof NOTHING_KNOWN = NOTHING_KNOWN
    process.exitCode = EXIT.usage
    try {
      const bytes = await readAtMost(resolve(file), MAX_KEY_CHARACTERS)
      process.exitCode = EXIT.refused
      description = await inspectKey(new TextDecoder().decode(bytes), file)
      process.exitCode = EXIT.ok
    } catch (error) {
      tellWhy(error)
    }
    output.result(description, showKey)
  })
}

function showKey({ format, keyId, kind, bits, fingerprint, label }: KeyDescription | typeof NOTHING_KNOWN): string {
  if (format === null) return ''
  return [
    `${kind} key, RSA${bits === null ? ' under a passphrase' : ` ${bits} bits`}, ${format} format`,
    ...(fingerprint === null ? [] : [`fingerprint ${fingerprint}`]),
    ...(keyId === null ? [] : [safeText(keyId)]),
    ...(label === null ? [] : [safeText(label)]),
  ].join('\n')
}
