import { resolve } from 'node:path'
import type { HealthReport } from '@bitdust/customer'
import type { Command } from 'commander'
import { formatSize } from '../units.ts'
import { action } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { safeText, table } from './output.ts'
import { showHealth } from './show-health.ts'
import { addVerifyStoredCommand } from './verify-stored.ts'

interface Stored {
  readonly path: string
  readonly version: string
  readonly files: number
  readonly bytes: number
  readonly state: 'stored' | 'complete'
}
interface Transfer {
  readonly id: string
  readonly local: string
  readonly remote: string
  readonly state: string
  readonly reason: { readonly code: string; readonly message: string } | null
  readonly progress: { readonly step: string; readonly done: number } | null
}
interface Restored {
  readonly files: number
  readonly folders: number
  readonly symlinks: number
  readonly bytes: number
}
interface RestoredParts extends Restored {
  readonly aliases: readonly { readonly path: string; readonly alias: string }[]
  readonly failed: readonly { readonly path: string; readonly code: string; readonly message: string }[]
}
interface Listed {
  readonly entries: readonly { path: string; kind: string; size: number; mtime: number; version: string }[]
}
interface Versions {
  readonly versions: readonly { version: string; size: number; kind: string; writer: string }[]
}

/** `put`, `transfers`, `get`, `ls`, `verify`, `versions`, `rm`. A remote path is `[alias$user@host:]path[#version]`. */
export function addFileCommands(program: Command): void {
  const put = program
    .command('put <local> [remote]')
    .description('store a file or a folder; waits until it is acknowledged')
    .option('--no-wait', 'return at once; the node goes on by itself')
  action(put, async ({ call, output }, local: string, remote: string | undefined) => {
    const { wait } = put.opts<{ wait: boolean }>()
    const asked = { local: resolve(local), ...(remote === undefined ? {} : { remote }), wait }
    const answer = await call('files/put', asked)
    if (wait)
      output.result(
        answer as Stored,
        ({ path, version, files, bytes, state }) =>
          `${state}: ${path}#${version} (${files} files, ${formatSize(bytes)})`,
      )
    else output.result(answer as Transfer, ({ id }) => `transfer ${id}; see how far it is with: bitdust transfers`)
  })
  const transfers = program
    .command('transfers')
    .description('what is being stored, and what waits for suppliers')
    .option('--cancel <id>', 'end one of them')
  action(transfers, async ({ call, output }) => {
    const { cancel } = transfers.opts<{ cancel?: string }>()
    if (cancel !== undefined)
      return output.result(await call('files/cancel', { id: cancel }), () => `transfer ${cancel} is cancelled`)
    const listed = (await call('files/transfers')) as { readonly transfers: readonly Transfer[] }
    output.result(listed, (all) =>
      table(
        ['ID', 'STATE', 'DONE', 'LOCAL', 'REMOTE', 'REASON'],
        all.transfers.map(({ id, state, progress, local: from, remote: to, reason }) => [
          id,
          state,
          progress === null ? '' : `${progress.step} ${formatSize(progress.done)}`,
          from,
          to,
          reason === null ? '' : `${reason.code}: ${reason.message}`,
        ]),
      ),
    )
  })
  const get = program
    .command('get <remote> [local]')
    .description('restore a file or a folder')
    .option('--overwrite', 'replace what is there', false)
  action(get, async ({ call, output }, remote: string, local: string | undefined) => {
    const { overwrite } = get.opts<{ overwrite: boolean }>()
    const name =
      remote
        .replace(/#[^#/]*$/, '')
        .split(/[:/]/)
        .at(-1) || 'restored'
    const target = resolve(local ?? name)
    const restored = (await call('files/get', { remote, local: target, overwrite })) as RestoredParts
    output.result(restored, ({ files, folders, symlinks, bytes, aliases, failed }) =>
      [
        ...aliases.map(({ path, alias }) => `${safeText(path)} is restored as ${safeText(alias)}`),
        ...failed.map(({ path, code, message }) => `not restored: ${safeText(path)} (${code}: ${safeText(message)})`),
        `restored ${target} (${files} files, ${folders} folders, ${symlinks} links, ${formatSize(bytes)})`,
      ].join('\n'),
    )
    if (restored.failed.length > 0) process.exitCode = EXIT.dataAtRisk
  })
  const ls = program
    .command('ls [remote]')
    .description('list a folder')
    .option('--health', 'show how many more losses everything survives', false)
  action(ls, async ({ call, output }, remote: string | undefined) => {
    if (ls.opts<{ health: boolean }>().health) {
      const report = (await call('files/health', { remote: remote ?? '' })) as HealthReport
      return output.result(report, showHealth)
    }
    const listed = (await call('files/ls', { remote: remote ?? '' })) as Listed
    output.result(listed, ({ entries }) =>
      table(
        ['KIND', 'SIZE', 'CHANGED', 'VERSION', 'PATH'],
        entries.map((entry) => [
          entry.kind,
          formatSize(entry.size),
          new Date(entry.mtime).toISOString(),
          entry.version,
          entry.path,
        ]),
      ),
    )
  })
  addVerifyStoredCommand(program)
  action(
    program.command('versions <remote>').description('list the versions of a file or a folder, newest first'),
    async ({ call, output }, remote: string) => {
      const listed = (await call('files/versions', { remote })) as Versions
      output.result(listed, ({ versions }) =>
        table(
          ['VERSION', 'KIND', 'SIZE', 'WRITER'],
          versions.map(({ version, kind, size, writer }) => [version, kind, formatSize(size), writer]),
        ),
      )
    },
  )
  action(
    program.command('rm <remote>').description('remove a file or a folder from the catalog'),
    async ({ call, output }, remote: string) => {
      output.result(await call('files/rm', { remote }), () => `removed ${remote}`)
    },
  )
}
