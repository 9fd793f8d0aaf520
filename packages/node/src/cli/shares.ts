import type { Command } from 'commander'
import { action } from './command-line.ts'
import { table } from './output.ts'

interface ShareRow {
  readonly keyId: string
  readonly label: string
  readonly mine: boolean
}

/** `share …`. */
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
}
