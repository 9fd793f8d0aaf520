import { resolve } from 'node:path'
import type { Command } from 'commander'
import { formatSize } from '../units.ts'
import { action } from './command-line.ts'
import { table } from './output.ts'

interface Stored {
  readonly path: string
  readonly version: string
  readonly files: number
  readonly bytes: number
  readonly state: 'stored' | 'complete'
}
interface Restored {
  readonly files: number
  readonly folders: number
  readonly symlinks: number
  readonly bytes: number
}
interface Listed {
  readonly entries: readonly { path: string; kind: string; size: number; mtime: number; version: string }[]
}
interface Versions {
  readonly versions: readonly { version: string; size: number; kind: string; writer: string }[]
}

/** `put`, `get`, `ls`, `versions`, `rm`. A remote path is `[alias$user@host:]path[#version]`. */
export function addFileCommands(program: Command): void {
  action(
    program.command('put <local> [remote]').description('store a file or a folder; waits until it is acknowledged'),
    async ({ call, output }, local: string, remote: string | undefined) => {
      const stored = (await call('files/put', {
        local: resolve(local),
        ...(remote === undefined ? {} : { remote }),
      })) as Stored
      output.result(
        stored,
        ({ path, version, files, bytes, state }) =>
          `${state}: ${path}#${version} (${files} files, ${formatSize(bytes)})`,
      )
    },
  )
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
    const restored = (await call('files/get', { remote, local: target, overwrite })) as Restored
    output.result(
      restored,
      ({ files, folders, symlinks, bytes }) =>
        `restored ${target} (${files} files, ${folders} folders, ${symlinks} links, ${formatSize(bytes)})`,
    )
  })
  action(
    program.command('ls [remote]').description('list a folder'),
    async ({ call, output }, remote: string | undefined) => {
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
    },
  )
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
