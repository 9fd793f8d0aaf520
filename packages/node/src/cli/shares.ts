import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { inspectKey } from '../inspect-key.ts'
import { action } from './command-line.ts'
import { safeText, table } from './output.ts'

interface ShareRow {
  readonly keyId: string
  readonly label: string
  readonly mine: boolean
}
interface KeyRow {
  readonly keyId: string
  readonly kind: string
  readonly bits: number
  readonly fingerprint: string
}

/** `share …` and `key …`. */
export function addShareCommands(program: Command): void {
  const share = program.command('share').description('places that you share with others')
  const create = share.command('create').description('make a share').option('--label <text>', 'a name for people', '')
  action(create, async ({ call, output }) => {
    const made = (await call(
      'share/create',
      create.opts<{ label: string }>().label === '' ? {} : { label: create.opts<{ label: string }>().label },
    )) as ShareRow
    output.result(made, ({ keyId }) => keyId)
  })
  action(share.command('list').description('your shares and those you were given'), async ({ call, output }) => {
    output.result((await call('share/list')) as { shares: ShareRow[] }, ({ shares }) =>
      table(
        ['OWNER', 'LABEL', 'KEY ID'],
        shares.map((row) => [row.mine ? 'you' : 'other', row.label, row.keyId]),
      ),
    )
  })
  const grant = share
    .command('grant <keyId> <user>')
    .description('give somebody a share: user is an IDURL or user@host')
    .option('--read-only', 'without the right to write', false)
  action(grant, async ({ call, output }, keyId: string, user: string) => {
    const { readOnly } = grant.opts<{ readOnly: boolean }>()
    output.result(
      await call('share/grant', { keyId, user, rights: readOnly ? ['read'] : ['read', 'write'] }),
      () => `${user} has ${keyId} now`,
    )
  })

  const key = program.command('key').description('your keys besides the master key')
  action(key.command('list').description('all keys: yours and received'), async ({ call, output }) => {
    output.result((await call('key/list')) as { keys: KeyRow[] }, ({ keys }) =>
      table(
        ['KIND', 'BITS', 'FINGERPRINT', 'KEY ID'],
        keys.map((row) => [row.kind, String(row.bits), row.fingerprint.slice(0, 16), row.keyId]),
      ),
    )
  })
  action(
    key.command('inspect <file>').description('what a key file says, ours or the original’s, without the key'),
    async ({ output }, file: string) => {
      const description = await inspectKey(await readFile(resolve(file), 'utf8'), file)
      output.result(description, ({ format, keyId, kind, bits, fingerprint, label }) =>
        [
          `${kind} key, RSA ${bits} bits, ${format} format`,
          `fingerprint ${fingerprint}`,
          ...(keyId === null ? [] : [keyId]),
          ...(label === null ? [] : [safeText(label)]),
        ].join('\n'),
      )
    },
  )
}
