import { type Command, InvalidArgumentError } from 'commander'
import { formatSize } from '../units.ts'
import { action } from './command-line.ts'

interface Sum {
  readonly blocks: number
  readonly bytes: number
}
interface Pruned {
  readonly released: number
  readonly freed: Sum
  readonly waiting: Sum & { readonly from: number | null; readonly until: number | null }
  readonly unreached: number
}

/** `prune`: lets go of old versions. */
export function addPruneCommand(program: Command): void {
  const prune = program
    .command('prune [remote]')
    .description('let go of old and deleted versions; a week later their space at the suppliers is freed')
    .option('--keep <n>', 'newest versions of each path to keep (default: customer.keepVersions)', readCount)
    .option('--older-than <age>', 'only versions that are older, such as 30 d')
  action(prune, async ({ call, output }, remote: string | undefined) => {
    const { keep, olderThan } = prune.opts<{ keep?: number; olderThan?: string }>()
    const asked = {
      ...(remote === undefined ? {} : { remote }),
      ...(keep === undefined ? {} : { keep }),
      ...(olderThan === undefined ? {} : { olderThan }),
    }
    output.result((await call('files/prune', asked)) as Pruned, describePruned)
  })
}

/** What was done now, and what happens when, in sentences that are true either way. */
export function describePruned({ released, freed, waiting, unreached }: Pruned): string {
  return [
    `released ${count(released, 'version')}`,
    `freed ${describeSum(freed)}`,
    ...(waiting.from === null || waiting.until === null
      ? ['nothing waits to be freed']
      : [
          `no version uses ${describeSum(waiting)}; freed ${describeTime(waiting.from, waiting.until)} while the node runs`,
        ]),
    ...(unreached === 0 ? [] : [`${count(unreached, 'supplier')} could not be asked; what is there is freed later`]),
  ].join('\n')
}

/** Suppliers decide by their own clocks, so it is not before, and may be a little later. */
function describeTime(from: number, until: number): string {
  const [first, last] = [from, until].map((time) => new Date(time).toISOString())
  return first === last ? `not before ${first}` : `not before ${first}, all of it not before ${last},`
}

function describeSum({ blocks, bytes }: Sum): string {
  return `${count(blocks, 'block')} (${formatSize(bytes)} at the suppliers)`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function readCount(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('expected a whole number of at least 1')
}
