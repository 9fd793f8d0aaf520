import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '@bitdust/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { folderSource } from '../src/adapters/folder-source.ts'
import { type RestoredEntry, restoreTo } from '../src/adapters/folder-target.ts'
import type { NameRules } from '../src/adapters/target-names.ts'
import { NodeError } from '../src/errors.ts'

const HOLDS_ALL: NameRules = { foldsCase: false, foldsUnicode: false, windowsNames: false }

/** What a walk of the source would be after a trip through the network. */
async function* restored(root: string): AsyncGenerator<RestoredEntry> {
  for await (const entry of folderSource(root)) {
    const { path, mode, mtime } = entry
    if (entry.kind === 'folder') yield { path, kind: 'folder', mode, mtime, size: 0, content: nothing }
    else if (entry.kind === 'symlink') {
      const target = new TextEncoder().encode(entry.target)
      yield { path, kind: 'symlink', mode, mtime, size: target.length, content: () => once(target) }
    } else
      yield {
        path,
        kind: 'file',
        mode,
        mtime,
        size: entry.size ?? 0,
        content: async function* () {
          yield* entry.open?.() ?? nothing()
        },
      }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function entry(path: string, kind: RestoredEntry['kind'], text = ''): RestoredEntry {
  const bytes = new TextEncoder().encode(text)
  return { path, kind, mode: 0o644, mtime: 1_700_000_000_000, size: bytes.length, content: () => once(bytes) }
}

async function* sequence(...entries: RestoredEntry[]): AsyncGenerator<RestoredEntry> {
  yield* entries
}

test('a tree comes back with names, modes, times, symlinks and empty folders', async () => {
  await using temporary = await temporaryFolder()
  const source = join(temporary.path, 'source')
  await mkdir(join(source, 'empty'), { recursive: true })
  await mkdir(join(source, 'locked'))
  await writeFile(join(source, 'a.txt'), 'a')
  await writeFile(join(source, 'locked', 'b.sh'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(source, 'ünïcode 名前'), new Uint8Array(3_000_000).fill(7))
  await writeFile(join(source, 'nothing'), '')
  await symlink('../elsewhere', join(source, 'link'))
  await utimes(join(source, 'a.txt'), 1_600_000_000, 1_600_000_000)
  await chmod(join(source, 'locked'), 0o500)
  const target = join(temporary.path, 'target')

  const summary = await restoreTo(target, restored(source))

  expect(summary).toEqual({ files: 4, folders: 3, symlinks: 1, bytes: 3_000_011, aliases: [], failed: [] })
  expect((await readdir(target)).sort()).toEqual((await readdir(source)).sort())
  expect(await readlink(join(target, 'link'))).toBe('../elsewhere')
  expect((await lstat(join(target, 'a.txt'))).mtimeMs).toBe(1_600_000_000_000)
  expect((await lstat(join(target, 'locked'))).mode & 0o777).toBe(0o500)
  expect((await lstat(join(target, 'locked/b.sh'))).mode & 0o777).toBe(0o755)
  expect(await readFile(join(target, 'ünïcode 名前'))).toEqual(await readFile(join(source, 'ünïcode 名前')))
  await chmod(join(source, 'locked'), 0o700)
  await chmod(join(target, 'locked'), 0o700)
})

test('what is there stays, unless asked', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  await mkdir(target)
  await writeFile(join(target, 'a'), 'mine')
  await expect(restoreTo(target, sequence(entry('', 'folder'), entry('a', 'file', 'theirs')))).rejects.toMatchObject({
    code: 'TargetExists',
  })
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('mine')
  await restoreTo(target, sequence(entry('', 'folder'), entry('a', 'file', 'theirs')), { overwrite: true })
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('theirs')
})

test.each(['../x', 'a/../../x', '/etc/x', 'a//x', './x', 'a/\0'])(
  'T58 the path %j cannot leave the target',
  async (path) => {
    await using temporary = await temporaryFolder()
    const target = join(temporary.path, 'target')
    await expect(restoreTo(target, sequence(entry('', 'folder'), entry(path, 'file', 'x')))).rejects.toMatchObject({
      code: 'PathUnsafe',
    })
    // The target was new, and nothing of an archive that cannot be trusted is kept.
    expect(await readdir(temporary.path)).toEqual([])
  },
)

test('T58 nothing is written through a symlink that was restored or was there before', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const outside = join(temporary.path, 'outside')
  await mkdir(outside)
  await mkdir(target)
  await symlink(outside, join(target, 'door'))
  const through = sequence(entry('', 'folder'), entry('door/x', 'file', 'x'))
  await expect(restoreTo(target, through, { overwrite: true })).rejects.toMatchObject({ code: 'PathUnsafe' })
  const fresh = join(temporary.path, 'fresh')
  await expect(
    restoreTo(fresh, sequence(entry('', 'folder'), entry('door', 'symlink', outside), entry('door/x', 'file', 'x'))),
  ).rejects.toBeDefined()
  expect(await readdir(outside)).toEqual([])
})

test('a file whose content is short leaves nothing behind', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const short = { ...entry('a', 'file', 'abc'), size: 5 }
  const long = { ...entry('b', 'file', 'abc'), size: 2 }
  const many = { ...entry('c', 'file'), size: 70_000, content: () => once(new Uint8Array(69_999)) }
  const { failed } = await restoreTo(target, sequence(entry('', 'folder'), short, long, many, entry('d', 'file', 'd')))
  expect(failed.map(({ path, code }) => [path, code])).toEqual([
    ['a', 'ManifestInvalid'],
    ['b', 'ManifestInvalid'],
    ['c', 'ManifestInvalid'],
  ])
  expect(await readdir(target)).toEqual(['d'])
  const alone = restoreTo(join(temporary.path, 'alone'), sequence({ ...short, path: '' }))
  await expect(alone).rejects.toMatchObject({ code: 'ManifestInvalid' })
  expect(await readdir(temporary.path)).toEqual(['target'])
})

test('T26 a file that is lost leaves no output, and all others are restored', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const lost = {
    ...entry('lost', 'file'),
    size: 200_000,
    async *content() {
      yield new Uint8Array(100_000)
      throw new NodeError('ManifestInvalid', 'the second half is gone')
    },
  }
  const summary = await restoreTo(
    target,
    sequence(entry('', 'folder'), entry('a', 'file', 'a'), lost, entry('z', 'file')),
  )
  expect(summary).toMatchObject({ files: 2, failed: [{ path: 'lost', code: 'ManifestInvalid' }] })
  expect(await readdir(target)).toEqual(['a', 'z'])
})

test('a file that shrinks while it is read is named', async () => {
  await using temporary = await temporaryFolder()
  const file = join(temporary.path, 'shrinking')
  await writeFile(file, 'long enough')
  const [found] = await Array.fromAsync(folderSource(file))
  await writeFile(file, 'short')
  const reading = Array.fromAsync(found?.open?.() ?? nothing())
  await expect(reading).rejects.toMatchObject({ code: 'SourceChanged', subject: file })
})

test('names that the target holds as one are restored under aliases that are told, never over each other', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const twins = sequence(
    entry('', 'folder'),
    entry('A.txt', 'file', 'upper'),
    entry('a.txt', 'file', 'lower'),
    entry('a~1.txt', 'file', 'its own name'),
    entry('\u00e9', 'folder'),
    entry('\u00e9/x', 'file', 'composed'),
    entry('e\u0301', 'folder'),
    entry('e\u0301/x', 'file', 'decomposed'),
  )
  const names = { foldsCase: true, foldsUnicode: true, windowsNames: false }
  const { aliases } = await restoreTo(target, twins, { names })
  expect(aliases).toEqual([
    { path: 'a.txt', alias: 'a~1.txt' },
    { path: 'a~1.txt', alias: 'a~1~1.txt' },
    { path: 'e\u0301', alias: 'e\u0301~1' },
  ])
  expect(await readFile(join(target, 'A.txt'), 'utf8')).toBe('upper')
  expect(await readFile(join(target, 'a~1.txt'), 'utf8')).toBe('lower')
  expect(await readFile(join(target, 'a~1~1.txt'), 'utf8')).toBe('its own name')
  expect(await readFile(join(target, '\u00e9', 'x'), 'utf8')).toBe('composed')
  expect(await readFile(join(target, 'e\u0301~1', 'x'), 'utf8')).toBe('decomposed')
})

test('names that Windows cannot hold are restored under aliases there, and as they are elsewhere', async () => {
  await using temporary = await temporaryFolder()
  const names = ['CON', 'nul.txt', 'Com1.tar.gz', 'console', 'dot.', 'space ', 'a:b', 'a?b', 'bell\u0007', 'plain']
  const all = () => sequence(entry('', 'folder'), ...names.map((name) => entry(name, 'file', name)))
  const windows = join(temporary.path, 'windows')
  const { aliases } = await restoreTo(windows, all(), { names: { ...HOLDS_ALL, windowsNames: true } })
  expect(aliases.map(({ alias }) => alias)).toEqual([
    'CON_',
    'nul_.txt',
    'Com1_.tar.gz',
    'dot_',
    'space_',
    'a_b',
    'a_b~1',
    'bell_',
  ])
  expect((await readdir(windows)).length).toBe(names.length)
  for (const { path, alias } of aliases) expect(await readFile(join(windows, alias), 'utf8')).toBe(path)
  const elsewhere = join(temporary.path, 'elsewhere')
  expect((await restoreTo(elsewhere, all(), { names: HOLDS_ALL })).aliases).toEqual([])
  expect((await readdir(elsewhere)).sort()).toEqual(names.toSorted())
})

test('an alias is never longer than a name may be, and many twins cost no more than few', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const long = '\u00e4'.repeat(127)
  const twins = Array.from({ length: 3000 }, () => entry('same', 'file'))
  const { aliases } = await restoreTo(
    target,
    sequence(entry('', 'folder'), entry(long, 'file'), entry(long, 'file'), ...twins),
    { names: HOLDS_ALL },
  )
  expect(aliases[0]?.alias).toBe(`${'\u00e4'.repeat(126)}~1`)
  expect(aliases.at(-1)?.alias).toBe('same~2999')
})

test('an alias is not the name of what came before it', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const all = sequence(entry('', 'folder'), entry('A', 'file', '1'), entry('A~1', 'file', '2'), entry('a', 'file', '3'))
  const { aliases } = await restoreTo(target, all, { names: { ...HOLDS_ALL, foldsCase: true } })
  expect(aliases).toEqual([{ path: 'a', alias: 'a~2' }])
  expect((await readdir(target)).sort()).toEqual(['A', 'A~1', 'a~2'])
})

test.each(['..', '.', 'a/..', ''])('T58 a folder %j of an archive is none of ours', async (name) => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const all = sequence(entry('', 'folder'), entry('a', 'folder'), entry(name, 'folder'), entry(`${name}/x`, 'file'))
  await expect(restoreTo(target, all)).rejects.toMatchObject({ code: 'PathUnsafe' })
  expect(await readdir(temporary.path)).toEqual([])
})

test('T58 too many entries, too deep a path, or one out of order ends it, and a new target is removed', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const many = sequence(entry('', 'folder'), entry('a', 'file'), entry('b', 'file'))
  await expect(restoreTo(target, many, { maxEntries: 2 })).rejects.toMatchObject({ code: 'LimitExceeded' })
  const folders = Array.from({ length: 66 }, (_, depth) => entry(Array(depth).fill('d').join('/'), 'folder'))
  await expect(restoreTo(target, sequence(...folders))).rejects.toMatchObject({ code: 'PathUnsafe' })
  const disordered = sequence(entry('', 'folder'), entry('a', 'folder'), entry('b', 'folder'), entry('a/x', 'file'))
  await expect(restoreTo(target, disordered)).rejects.toMatchObject({ code: 'PathUnsafe' })
  expect(await readdir(temporary.path)).toEqual([])
  await mkdir(target)
  const before = sequence(entry('', 'folder'), entry('a', 'file'), entry('../b', 'file'))
  await expect(restoreTo(target, before)).rejects.toMatchObject({ code: 'PathUnsafe' })
  expect(await readdir(target)).toEqual(['a'])
})

test('T58 zeros take no room on the disk', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const zeros = new Uint8Array(1024 * 1024)
  const size = 1024 * zeros.length + 10
  const sparse = {
    ...entry('sparse', 'file'),
    size,
    async *content() {
      yield Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0, 0, 0)
      for (let i = 0; i < 1024; i++) yield zeros
    },
  }
  const mixed = new Uint8Array(500_000)
  mixed.fill(9, 123_456, 345_678)
  mixed[499_999] = 1
  const other = { ...entry('tail', 'file'), size: mixed.length, content: () => once(mixed) }
  await restoreTo(target, sequence(entry('', 'folder'), sparse, other))
  const status = await lstat(join(target, 'sparse'))
  expect(status.size).toBe(size)
  expect(status.blocks * 512).toBeLessThan(1024 * 1024)
  expect(Buffer.compare(await readFile(join(target, 'tail')), mixed)).toBe(0)
})

test('an abort in the middle of a file leaves nothing of it', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const stop = new AbortController()
  const large = {
    ...entry('large', 'file'),
    size: 1_000_000,
    async *content() {
      yield new Uint8Array(500_000).fill(1)
      stop.abort(new Error('enough'))
      yield new Uint8Array(500_000).fill(1)
    },
  }
  const all = sequence(entry('', 'folder'), entry('a', 'file', 'a'), large)
  await expect(restoreTo(target, all, { signal: stop.signal })).rejects.toThrow('enough')
  expect(await readdir(target)).toEqual(['a'])
})

test('what a killed restore left is removed by the next one; what a running one is writing stays', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  await mkdir(join(target, 'inner'), { recursive: true })
  // The process has ended by the time that its number is used.
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid'])
  const left = `.bitdust-${stdout.trim()}-00c0ffee-1a.tmp`
  const current = `.bitdust-${process.pid}-00c0ffee-1a.tmp`
  for (const name of [left, current]) await writeFile(join(target, 'inner', name), 'half')
  await restoreTo(target, sequence(entry('', 'folder'), entry('inner', 'folder'), entry('inner/a', 'file', 'a')))
  expect(await readdir(join(target, 'inner'))).toEqual([current, 'a'])
})

test('folders have their own times after all that was put into them', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  await restoreTo(
    target,
    sequence(
      { ...entry('', 'folder'), mode: 0o755 },
      { ...entry('a', 'folder'), mode: 0o500, mtime: 1_234_567_890_123 },
      { ...entry('a/b', 'folder'), mode: 0o755, mtime: -5_000 },
      entry('a/b/c', 'file', 'c'),
      { ...entry('a/link', 'symlink', 'b'), mtime: 1_000 },
    ),
  )
  const status = await lstat(join(target, 'a'))
  expect([status.mode & 0o777, Math.round(status.mtimeMs)]).toEqual([0o500, 1_234_567_890_123])
  expect((await lstat(join(target, 'a/b'))).mtimeMs).toBe(-5_000)
  expect((await lstat(join(target, 'a/link'))).mtimeMs).toBe(1_000)
  await chmod(join(target, 'a'), 0o700)
})

/** A tree by paths: folders end in a slash, links begin with an arrow. */
const componentNames = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9 ._~:?*-]{1,8}$/),
  fc.constantFrom('CON', 'a.', '\u00e9', 'e\u0301', '\u0007', '\u{1f600}', '\u202e', '\\', "'", '-rf'),
)
const isName = (name: string) => name !== '.' && name !== '..'
const times = fc.integer({ min: -2_000_000_000_000, max: 4_000_000_000_000 })
const attributes = { mtime: times, mode: fc.constantFrom(0o700, 0o644, 0o755, 0o600, 0o777) }
const { folder: anyFolder } = fc.letrec<{ node: RandomNode; folder: RandomNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      ...attributes,
      bytes: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(200_000))),
    }),
    fc.record({ mtime: times, link: fc.constantFrom('a', '../x', '/nowhere', '\u00f6') }),
    tie('folder'),
  ),
  folder: fc.record({
    mtime: times,
    mode: fc.constantFrom(0o700, 0o755, 0o777),
    nodes: fc.dictionary(componentNames.filter(isName), tie('node'), { maxKeys: 5, noNullPrototype: true }),
  }),
}))
type RandomNode =
  | { readonly mtime: number; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly mtime: number; readonly link: string }
  | { readonly mtime: number; readonly mode: number; readonly nodes: { readonly [name: string]: RandomNode } }

function* entriesOf(node: RandomNode, path = ''): Generator<RestoredEntry> {
  const { mtime } = node
  if ('link' in node) {
    yield { ...entry(path, 'symlink', node.link), mode: 0o777, mtime }
  } else if ('bytes' in node) {
    const { bytes, mode } = node
    yield { path, kind: 'file', mode, mtime, size: bytes.length, content: () => once(bytes) }
  } else {
    yield { path, kind: 'folder', mode: node.mode, mtime, size: 0, content: nothing }
    for (const name of Object.keys(node.nodes).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      yield* entriesOf(node.nodes[name]!, path === '' ? name : `${path}/${name}`)
  }
}

async function linesOf(entries: AsyncIterable<RestoredEntry>) {
  const lines = []
  for await (const { content, ...rest } of entries)
    lines.push({ ...rest, content: Buffer.concat(await Array.fromAsync(content())).toString('base64') })
  return lines
}

test('any tree that is restored is read as the same tree', async () => {
  await fc.assert(
    fc.asyncProperty(anyFolder, async (tree) => {
      await using temporary = await temporaryFolder()
      const target = join(temporary.path, 'target')
      const { aliases, failed } = await restoreTo(target, sequence(...entriesOf(tree)))
      expect([aliases, failed]).toEqual([[], []])
      expect(await linesOf(restored(target))).toEqual(await linesOf(sequence(...entriesOf(tree))))
    }),
    { numRuns: 60 },
  )
})

test('a file that is replaced by a pipe while a folder is read is named, and nothing waits for it', async () => {
  await using temporary = await temporaryFolder()
  const file = join(temporary.path, 'file')
  await writeFile(file, 'text')
  const [found] = await Array.fromAsync(folderSource(file))
  await rm(file)
  await promisify(execFile)('mkfifo', [file])
  await expect(Array.fromAsync(found?.open?.() ?? nothing())).rejects.toMatchObject({ code: 'SourceChanged' })
})
