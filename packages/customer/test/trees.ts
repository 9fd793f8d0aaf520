import fc from 'fast-check'
import type { Reader } from '../src/download/types.ts'
import type { SourceEntry } from '../src/upload/types.ts'

/** A tree as tests write it down: text or bytes are files, `{ link }` is a symlink, other objects are folders. */
export interface TestTree {
  readonly [name: string]: string | Uint8Array | { readonly link: string } | TestTree
}

const FILE_MODE = 0o640
const FOLDER_MODE = 0o750

/** The tree as a source, depth first, siblings in the order of their bytes. */
export function* entriesOf(tree: TestTree, path = ''): Generator<SourceEntry> {
  if (path === '') yield { path: '', kind: 'folder', mode: FOLDER_MODE, mtime: 1 }
  for (const name of Object.keys(tree).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const node = tree[name]!
    const own = path === '' ? name : `${path}/${name}`
    const mtime = 1_000_000 + name.length
    if (typeof node === 'string' || node instanceof Uint8Array) {
      const bytes = typeof node === 'string' ? new TextEncoder().encode(node) : node
      yield { path: own, kind: 'file', mode: FILE_MODE, mtime, size: bytes.length, open: () => [bytes] }
    } else if ('link' in node && typeof node.link === 'string') {
      yield { path: own, kind: 'symlink', mode: 0o777, mtime, target: node.link }
    } else {
      yield { path: own, kind: 'folder', mode: FOLDER_MODE, mtime }
      yield* entriesOf(node as TestTree, own)
    }
  }
}

/** One line of a tree, so that two can be compared. */
export interface TreeLine {
  readonly path: string
  readonly kind: string
  readonly mode: number
  readonly mtime: number
  readonly content: string | null
}

/** What a source says. */
export async function linesOf(entries: Iterable<SourceEntry>): Promise<readonly TreeLine[]> {
  const lines: TreeLine[] = []
  for (const { path, kind, mode, mtime, open, target } of entries) {
    const bytes = open === undefined ? [] : await Array.fromAsync(open())
    const content = kind === 'folder' ? null : (target ?? Buffer.concat(bytes).toString('base64'))
    lines.push({ path, kind, mode, mtime, content })
  }
  return lines
}

/** What is read back. */
export async function linesIn(reader: Reader): Promise<readonly TreeLine[]> {
  const lines: TreeLine[] = []
  for await (const { path, entry, open } of reader.walk()) {
    const { kind, mode, mtime } = entry
    const bytes = kind === 'folder' ? null : Buffer.from(await open().bytes())
    const content = bytes === null ? null : bytes.toString(kind === 'symlink' ? 'utf8' : 'base64')
    lines.push({ path, kind, mode, mtime, content })
  }
  return lines
}

const names = fc.oneof(
  fc.stringMatching(/^[a-z]{1,3}$/),
  fc.constantFrom('ä', '😀', '\u{ff5e}', 'a b', '.hidden', 'a.txt', 'a-'),
)
const sizes = fc.oneof(fc.constantFrom(0, 1, 511, 512, 513, 16_384, 16_385), fc.nat(70_000))
const file = sizes.chain((size) =>
  fc.uint8Array({ minLength: Math.min(size, 4), maxLength: 4 }).map((seed) => fill(size, seed)),
)
const link = fc.record({ link: fc.constantFrom('a', '../x', '/etc/passwd', 'ö') })
/** Trees of files around the limits of what stands inline, symlinks, and folders down to four levels. */
export const { tree: anyTree } = fc.letrec<{ tree: TestTree; node: TestTree[string] }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: file }, { weight: 1, arbitrary: link }, tie('tree')),
  tree: fc.dictionary(names, tie('node'), { maxKeys: 6, noNullPrototype: true }),
}))

function fill(size: number, seed: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (seed[index % seed.length] ?? 0) + index * 7)
}
