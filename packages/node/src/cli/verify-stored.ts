import type { VerifyReport } from '@bitdust/customer'
import { type Command, InvalidArgumentError } from 'commander'
import { action } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { safeText, table } from './output.ts'
import { silentLines } from './show-health.ts'

/** `verify`. Exit code 0: all can be given back; 5: something cannot; 4: it may be at suppliers that do not answer. */
export function addVerifyStoredCommand(program: Command): void {
  const verify = program
    .command('verify [remote]')
    .description('check what is stored against the suppliers, without restoring it')
    .option('--percent <share>', 'how much of it to fetch and check, chosen by chance', parsePercent, 100)
  action(verify, async ({ call, output }, remote: string | undefined) => {
    const { percent } = verify.opts<{ percent: number }>()
    const report = (await call('files/verify', { remote: remote ?? '', percent })) as VerifyReport
    output.result(report, showReport)
    process.exitCode = exitCodeFor(report)
  })
}

function parsePercent(text: string): number {
  const percent = Number(text.replace(/%$/, ''))
  if (percent > 0 && percent <= 100) return percent
  throw new InvalidArgumentError('It is more than 0 and at most 100.')
}

function showReport({ files, blocks, checked, suppliers, lost }: VerifyReport): string {
  const rows = suppliers.map(({ position, answered, good, missing, corrupt }) => [
    String(position),
    answered ? 'yes' : 'no',
    String(good),
    String(missing),
    String(corrupt),
  ])
  return [
    table(['SUPPLIER', 'ANSWERED', 'GOOD', 'MISSING', 'CORRUPT'], rows),
    ...silentLines(suppliers),
    ...lost.map(({ path, have, need }) => `cannot be given back: ${safeText(path)} (${have} of ${need} fragments)`),
    `checked ${checked} of ${blocks} blocks of ${files} files; ${lost.length === 0 ? 'all can be given back' : `${lost.length} cannot be given back now`}`,
  ].join('\n')
}

function exitCodeFor({ lost }: VerifyReport): number {
  if (lost.length === 0) return EXIT.ok
  return lost.some(({ have, need, unknown }) => have + unknown < need || have >= need)
    ? EXIT.dataAtRisk
    : EXIT.unreachable
}
