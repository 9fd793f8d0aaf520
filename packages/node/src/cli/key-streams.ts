import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  decryptStream,
  encryptStream,
  fromBase64,
  importRsaPublicKey,
  isBitdustError,
  type RsaPrivateKey,
  toBase64,
} from '@bitdust/crypto'
import type { Command } from 'commander'
import { writeNewFile } from '../adapters/new-file.ts'
import { NodeError } from '../errors.ts'
import { action, type Session } from './command-line.ts'
import { callKeys } from './key-call.ts'

/** Standard input or output in place of a file. */
const STANDARD = '-'

/** `key encrypt` and `key decrypt`: files and streams of any length, in constant memory. */
export function addKeyStreamCommands(key: Command): void {
  const encrypt = key
    .command('encrypt <keyid> [in] [out]')
    .description('encrypt a file or standard input for the holder of a key')
    .option('--overwrite', 'replace OUT', false)
  action(encrypt, async (session, keyId: string, from?: string, to?: string) => {
    checkOutput(to)
    const { text } = (await callKeys(session, 'export', { key: keyId, form: 'pem', part: 'public' })) as {
      text: string
    }
    const publicKey = await importRsaPublicKey(text)
    await run(session, from, to, encrypt.opts<{ overwrite: boolean }>().overwrite, (input) =>
      encryptStream(publicKey, input),
    )
  })
  const decrypt = key
    .command('decrypt [in] [out]')
    .description('decrypt what was encrypted for a key that is here')
    .option('--overwrite', 'replace OUT', false)
  action(decrypt, async (session, from?: string, to?: string) => {
    checkOutput(to)
    await run(session, from, to, decrypt.opts<{ overwrite: boolean }>().overwrite, (input) =>
      decryptStream((fingerprint) => unwrapperOf(session, fingerprint), input),
    )
  })
}

/** The private key stays where it is, in the running node or on the disk: only the key of this stream is asked for. */
async function unwrapperOf(session: Session, fingerprint: string): Promise<Pick<RsaPrivateKey, 'unwrap'> | null> {
  const { keys } = (await callKeys(session, 'list')) as { keys: { fingerprint: string; kind: string }[] }
  if (!keys.some((key) => key.fingerprint === fingerprint && key.kind === 'private')) return null
  return {
    async unwrap(_, wrapped) {
      const input = { fingerprint, wrapped: toBase64(wrapped) }
      const { contentKey } = (await callKeys(session, 'unwrap', input)) as { contentKey: string }
      return fromBase64(contentKey)
    },
  }
}

async function run(
  { output, signal }: Session,
  from: string | undefined,
  to: string | undefined,
  overwrite: boolean,
  convert: (input: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const converted = convert(inputOf(from, signal))
  if (isStandard(to)) return toStandardOutput(converted, signal)
  const file = resolve(to)
  const bytes = await writeNewFile(file, converted, { overwrite, signal })
  output.result({ file, bytes }, () => `${bytes} bytes in ${file}`)
}

async function* inputOf(from: string | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (isStandard(from)) {
    yield* addAbortSignal(signal, process.stdin)
    return
  }
  try {
    yield* addAbortSignal(signal, createReadStream(resolve(from)))
  } catch (error) {
    if (signal.aborted || !(error instanceof Error && 'code' in error) || isBitdustError(error)) throw error
    throw new NodeError('NotFound', `${resolve(from)} cannot be read: ${error.message}`, {
      cause: error,
      subject: from,
    })
  }
}

async function toStandardOutput(converted: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(Readable.from(converted, { objectMode: false }), process.stdout, { signal, end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    throw new NodeError('Cancelled', 'whoever was reading the output went away', { cause: error })
  }
}

/** Bytes on a terminal help nobody, and those of others could command it. */
function checkOutput(to: string | undefined): void {
  if (isStandard(to) && process.stdout.isTTY)
    throw new NodeError('ConfigInvalid', 'the result is not for a terminal; name OUT, or send it on with > or |')
}

function isStandard(file: string | undefined): file is undefined | typeof STANDARD {
  return file === undefined || file === STANDARD
}
