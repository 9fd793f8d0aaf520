import { basename, resolve } from 'node:path'
import { utf8Encode } from '@bitdust/crypto'
import { type Command, InvalidArgumentError } from 'commander'
import { writeNewFile } from '../adapters/new-file.ts'
import { NodeError } from '../errors.ts'
import { MAX_KEY_CHARACTERS } from '../keys/key-envelope.ts'
import type { KeyRow, KeyUse } from '../keys/key-row.ts'
import { needsPassphrase } from '../master-key.ts'
import { askNewPassphrase, askPassphrase, confirm } from './ask.ts'
import { addKeyBackupCommand } from './backup-key.ts'
import { colourBlocks } from './colour-blocks.ts'
import { action, type Session } from './command-line.ts'
import { addInspectKeyCommand } from './inspect-key.ts'
import { readAtMost } from './judge.ts'
import { callKeys } from './key-call.ts'
import { addKeyStreamCommands } from './key-streams.ts'
import { safeText, table } from './output.ts'

interface ShownKey extends KeyRow {
  /** Null for a damaged file. */
  readonly words: string | null
  readonly colours: readonly string[]
  readonly use: KeyUse
}
interface KeyText {
  readonly keyId: string
  readonly kind: 'private' | 'public'
  readonly text: string
}

/** `key …`: with a running node through it, else on the data folder itself. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('your keys: master, and those you made or were given')
  const create = key
    .command('create [name]')
    .description('make a key, with a random name if you give none')
    .option('--bits <number>', 'size: 2048, 3072 or 4096', parseBits, 3072)
    .option('--label <text>', 'a note for people')
  action(create, async (session, name?: string) => {
    const { bits, label } = create.opts<{ bits: number; label?: string }>()
    const made = (await callKeys(session, 'create', {
      bits,
      ...(name === undefined ? {} : { name }),
      ...(label === undefined ? {} : { label }),
    })) as KeyRow
    session.output.result(made, ({ keyId }) => keyId)
  })
  action(
    key.command('list').description('all keys: the master key, yours, and those you were given'),
    async (session) => {
      session.output.result((await callKeys(session, 'list')) as { keys: KeyRow[] }, ({ keys }) =>
        table(
          ['OWNER', 'KIND', 'BITS', 'FINGERPRINT', 'KEY ID', 'LABEL'],
          keys.map((row) => [
            row.mine ? 'you' : 'other',
            row.kind,
            String(row.bits ?? ''),
            row.fingerprint?.slice(0, 16) ?? '',
            row.keyId,
            row.label ?? '',
          ]),
        ),
      )
    },
  )
  action(
    key.command('show <keyid>').description('a key, with words and colours to compare'),
    async (session, name: string) => {
      session.output.result((await callKeys(session, 'show', { key: name })) as ShownKey, showKey)
    },
  )
  addInspectKeyCommand(key)

  const remove = key
    .command('delete <keyid>')
    .description('forget a key, all its generations')
    .option('--yes', 'do not ask', false)
  action(remove, async (session, name: string) => {
    const shown = (await callKeys(session, 'show', { key: name })) as ShownKey
    if (shown.use !== 'identity') session.output.note(lossBy(shown))
    const isAsked = shown.use !== 'identity' && !remove.opts<{ yes: boolean }>().yes
    if (isAsked && !(await confirm(`Delete ${safeText(shown.keyId)}?`, session.signal)))
      throw new NodeError('Cancelled', 'nothing was deleted')
    session.output.result(
      (await callKeys(session, 'delete', { key: name })) as KeyRow,
      ({ keyId }) => `${keyId} is deleted`,
    )
  })

  addKeyStreamCommands(key)

  const give = key
    .command('export <keyid> [file]')
    .description('write a key to a file or standard output')
    .option('--public', 'the public part', false)
    .option('--pem', 'as PEM', false)
    .option('--openssh', 'the public part as an OpenSSH line', false)
    .option('--passphrase', 'ask for a passphrase that protects it', false)
    .option('--yes', 'show a private key on the terminal without asking', false)
  action(give, async (session, name: string, file?: string) => {
    const options = give.opts<Record<'public' | 'pem' | 'openssh' | 'passphrase' | 'yes', boolean>>()
    if (options.pem && options.openssh) throw new NodeError('ConfigInvalid', '--pem or --openssh, not both')
    const isPublic = options.public || options.openssh
    if (options.passphrase && (isPublic || options.pem))
      throw new NodeError(
        'ConfigInvalid',
        'a passphrase protects private keys in our own format; leave out --pem, --openssh, --public',
      )
    if (!isPublic && file === undefined && !options.passphrase) await confirmShowing(session, name, options.yes)
    const passphrase = options.passphrase
      ? await askNewPassphrase('Passphrase for the key: ', session.signal)
      : undefined
    const exported = (await callKeys(session, 'export', {
      key: name,
      form: options.openssh ? 'openssh' : options.pem ? 'pem' : 'bitdust',
      part: isPublic ? 'public' : 'private',
      ...(passphrase === undefined ? {} : { passphrase }),
    })) as KeyText
    await giveOut(session, exported, file)
  })

  const print = key
    .command('print <keyid>')
    .description('a private key as lines for paper, which can be typed back')
    .option('--yes', 'show it on the terminal without asking', false)
  action(print, async (session, name: string) => {
    await confirmShowing(session, name, print.opts<{ yes: boolean }>().yes)
    const printed = (await callKeys(session, 'print', { key: name })) as KeyText
    await giveOut(session, { ...printed, kind: 'private' }, undefined)
  })

  const take = key
    .command('import <file>')
    .description('add a key: ours, typed from paper, PEM, OpenSSH text, or the original’s')
    .option('--name <alias>', 'keep it as one of yours under this name')
  action(take, async (session, file: string) => {
    const bytes = await readAtMost(resolve(file), MAX_KEY_CHARACTERS)
    const text = new TextDecoder().decode(bytes)
    const passphrase = needsPassphrase(text)
      ? await askPassphrase('Passphrase of the key: ', session.signal)
      : undefined
    const { name } = take.opts<{ name?: string }>()
    const added = (await callKeys(session, 'import', {
      text,
      fileName: basename(file),
      ...(name === undefined ? {} : { name }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })) as KeyRow
    session.output.result(added, ({ keyId, kind }) => `${kind} key ${keyId}`)
  })
  addKeyBackupCommand(key)
}

function showKey(key: ShownKey): string {
  const blocks = colourBlocks(key.colours, process.stdout)
  return [
    safeText(key.keyId),
    key.kind === 'damaged' ? 'its file is damaged' : `${key.kind} key, RSA ${key.bits} bits`,
    ...(key.words === null ? [] : [`fingerprint ${key.fingerprint}`, `words ${key.words}`]),
    ...(blocks === '' ? [] : [`colours ${blocks}`]),
    key.mine ? 'made by you' : `made by ${key.creator}`,
    ...(key.generation === 1 ? [] : [`generation ${key.generation}`]),
    ...(key.label === null ? [] : [`label ${safeText(key.label)}`]),
    USES[key.use],
  ].join('\n')
}

const USES: Readonly<Record<KeyUse, string>> = {
  identity: 'signs your identity and opens your private files',
  share: 'opens a share',
  none: 'opens no share',
  unknown: 'whether it opens a share is known while the node runs',
}

/** What cannot be had again, or only somewhere else, when a key is gone from here. */
function lossBy({ keyId, kind, mine, use }: ShownKey): string {
  const name = safeText(keyId)
  if (kind === 'public') return `Only the public part of ${name} is here: nothing that you have becomes unreadable.`
  if (!mine) return `Only its owner can give you ${name} again: what it opens is lost to you until then.`
  const asShare =
    'stays open and its files readable; audits and export need the key, which comes back from your suppliers with identity restore'
  const asOther = 'what was encrypted for it can be read by nobody any more, unless you wrote a backup'
  if (use === 'share') return `The share ${name} ${asShare}.`
  if (use === 'none') return `${name} is nowhere else: ${asOther}.`
  return `If ${name} opens a share of yours, that ${asShare}. If not, ${asOther}.`
}

async function confirmShowing({ signal }: Session, name: string, isAgreed: boolean): Promise<void> {
  if (isAgreed || !process.stdout.isTTY) return
  if (!(await confirm(`Show the private key ${safeText(name)} on this terminal?`, signal)))
    throw new NodeError('Cancelled', 'nothing was shown')
}

async function giveOut({ output, signal }: Session, { keyId, kind, text }: KeyText, name: string | undefined) {
  if (name === undefined) {
    output.result({ keyId, kind, text }, () => text.trimEnd())
    return
  }
  const file = resolve(name)
  await writeNewFile(file, [utf8Encode(text)], { signal })
  output.result({ keyId, kind, file }, () => `the ${kind} key ${keyId} is in ${file}`)
}

function parseBits(text: string): number {
  if (!['2048', '3072', '4096'].includes(text)) throw new InvalidArgumentError('2048, 3072 or 4096')
  return Number(text)
}
