/** The documents name every command, setting and exit code as it is, and nothing that is not there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CONFIG } from '@bitdust/node'
import { expect, test } from 'vitest'
import { exitCodeOf } from '../packages/node/src/cli/exit-codes.ts'
import { createProgram } from '../packages/node/src/cli/program.ts'

type Command = ReturnType<typeof createProgram>

const docs = join(import.meta.dirname, '../docs')

test('docs/configuration.md has every setting with its default', () => {
  const rows = tableRows('configuration.md').flatMap(([key = '', value = '']) =>
    key.startsWith('`') && value.startsWith('`') ? [[unquote(key), unquote(value)] as const] : [],
  )
  const { version, ...settings } = DEFAULT_CONFIG
  expect(version).toBe(1)
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(flatten(settings)))
})

test('docs/cli.md has every command with its arguments and options', () => {
  const documented = tableRows('cli.md')
    .flatMap(([cell = '']) => cell.match(/`[^`]+`/g) ?? [])
    .map(unquote)
    .filter((text) => /^[a-z]/.test(text))
  expect(documented.map(normalized).sort()).toEqual(usages(createProgram()).map(normalized).sort())
})

test('docs/cli.md names the right exit code for every error code', () => {
  const rows = tableRows('cli.md').filter(([first = '']) => /^\d+$/.test(first))
  const codes = rows.flatMap(([exit, , cell = '']) =>
    Array.from(cell.matchAll(/`([A-Z]\w+)`/g), ([, code = '']) => [code, Number(exit)] as const),
  )
  expect(codes.length).toBeGreaterThan(20)
  expect(codes.map(([code]) => [code, exitCodeOf(code)])).toEqual(codes)
})

/** Cells of all rows of all tables. */
function tableRows(file: string): string[][] {
  const lines = readFileSync(join(docs, file), 'utf8').split('\n')
  return lines
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function unquote(text: string): string {
  return text.replace(/^`|`$/g, '')
}

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && !Array.isArray(inner)
      ? flatten(inner, `${prefix}${key}.`)
      : [[`${prefix}${key}`, typeof inner === 'string' && inner !== '' ? inner : JSON.stringify(inner)]],
  )
}

/** How every command below this one is used, without the options that all have. */
function usages(command: Command, path: readonly string[] = []): string[] {
  return command.commands.flatMap((child) => {
    const name = [...path, child.name()]
    if (child.commands.length > 0) return usages(child, name)
    const options = child.options.filter(({ long }) => !['--folder', '--json'].includes(long ?? ''))
    return [`${name.join(' ')} ${child.usage()} ${options.map(({ flags }) => flags).join(' ')}`]
  })
}

/** Names of a command, its arguments and its options, however their kinds are marked. */
function normalized(usage: string): string {
  const words = usage.replace(/\[options\]/g, '').match(/--[a-z-]+|[a-zA-Z-]+/g) ?? []
  return words.join(' ').toLowerCase()
}
