import type { Command } from 'commander'
import { NodeError } from '../errors.ts'
import { formatSize, parseSize } from '../units.ts'
import { action } from './command-line.ts'
import { table } from './output.ts'

interface SupplierRow {
  readonly position: number
  readonly idurl: string
  readonly state: string
  readonly freeBytes: number | null
}
interface CustomerRow {
  readonly customer: string
  readonly state: string
  readonly usage: { readonly granted: number; readonly used: number }
}

/** `supplier …` and `customer …`: both sides of a contract. */
export function addSupplierCommands(program: Command): void {
  const supplier = program.command('supplier').description('those who store for you, and what you lend')
  action(supplier.command('list').description('your suppliers and how they are reached'), async ({ call, output }) => {
    showSuppliers((await call('supplier/list')) as { suppliers: SupplierRow[] })
    function showSuppliers(value: { suppliers: SupplierRow[] }) {
      output.result(value, ({ suppliers }) =>
        table(
          ['POSITION', 'STATE', 'FREE', 'IDURL'],
          suppliers.map((row) => [
            String(row.position),
            row.state,
            row.freeBytes === null ? '' : formatSize(row.freeBytes),
            row.idurl,
          ]),
        ),
      )
    }
  })
  const hire = supplier
    .command('hire [count]')
    .description('find and hire suppliers')
    .option('--needed <size>', 'data you want to store, such as 10 GiB')
  action(hire, async ({ call, output }, count: string | undefined) => {
    const { needed } = hire.opts<{ needed?: string }>()
    const input = {
      ...(count === undefined ? {} : { count: wholeNumber(count) }),
      ...(needed === undefined ? {} : { bytes: parseSize(needed) }),
    }
    output.result(
      (await call('supplier/hire', input)) as { suppliers: SupplierRow[] },
      ({ suppliers }) => `hired ${suppliers.length} suppliers`,
    )
  })
  action(
    supplier.command('replace <position>').description('hire somebody else for a position'),
    async ({ call, output }, position: string) => {
      output.result(
        await call('supplier/replace', { position: wholeNumber(position) }),
        () => `position ${position} is replaced`,
      )
    },
  )
  action(
    supplier
      .command('repair')
      .description('compare all that is stored with what suppliers hold, and rebuild what is missing'),
    async ({ call, output }) => {
      const report = (await call('supplier/repair')) as { blocks: number; rebuilt: number; complete: boolean }
      output.result(
        report,
        ({ blocks, rebuilt, complete }) =>
          `${blocks} blocks, ${rebuilt} fragments rebuilt, ${complete ? 'all complete' : 'not yet complete'}`,
      )
    },
  )
  action(
    supplier.command('offer <size>').description('lend disk space to others'),
    async ({ call, output }, size: string) => {
      output.result(await call('supplier/offer', { bytes: parseSize(size) }), () => `offering ${size}`)
    },
  )

  const customer = program.command('customer').description('those who store on your disk')
  action(customer.command('list').description('your customers and what they use'), async ({ call, output }) => {
    output.result((await call('customer/list')) as { customers: CustomerRow[] }, ({ customers }) =>
      table(
        ['STATE', 'GRANTED', 'USED', 'FINGERPRINT'],
        customers.map(({ customer: who, state, usage }) => [
          state,
          formatSize(usage.granted),
          formatSize(usage.used),
          who,
        ]),
      ),
    )
  })
  action(
    customer.command('drop <fingerprint>').description('end a contract and free its space'),
    async ({ call, output }, fingerprint: string) => {
      output.result(await call('customer/drop', { fingerprint }), () => `dropped ${fingerprint}`)
    },
  )
}

function wholeNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new NodeError('PacketMalformed', `${text} is not a whole number`)
}
