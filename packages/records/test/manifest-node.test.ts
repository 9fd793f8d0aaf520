import { encodeCanonical, toHex, utf8Encode } from '@bitdust/crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BlockId,
  type Content,
  decodeExtents,
  decodeNode,
  type Entry,
  type Extent,
  encodeExtents,
  encodeNode,
  entryField,
  MAX_BLOCK_BYTES,
  MAX_INLINE_BYTES,
  MAX_INLINE_EXTENTS,
  MAX_NODE_BYTES,
  parseHash,
} from '../src/index.ts'
import { fileEntry, filled } from './samples.ts'

const names = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('a', 'b', 'é', '\uffff', '😀', '\n', '\\'),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((name) => !/^\.{0,2}$|[/\0]/.test(name) && name.length < 60)

const extent = fc
  .record({
    block: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((id) => parseHash<BlockId>(toHex(id))),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    offset: fc.nat(MAX_BLOCK_BYTES - 1),
    length: fc.integer({ min: 1, max: MAX_BLOCK_BYTES }),
  })
  .map((one) => ({ ...one, length: Math.min(one.length, MAX_BLOCK_BYTES - one.offset) }))
const extents = fc.array(extent, { maxLength: 4 })
const inline = fc.uint8Array({ maxLength: 50 })
const flat = fc.oneof(fc.record({ inline }), fc.record({ extents }))
const content: fc.Arbitrary<Content> = fc.oneof(flat, fc.record({ list: flat }))

const meta = { mode: fc.nat(0o7777), mtime: fc.integer({ min: -8.64e15, max: 8.64e15 }) }
const folder = fc.record({
  name: names,
  kind: fc.constant('folder' as const),
  ...meta,
  size: fc.nat(),
  files: fc.nat(),
  content,
})
const file = fc
  .record({ name: names, kind: fc.constant('file' as const), ...meta, size: fc.nat(), files: fc.constant(1), content })
  .map((entry) => ({ ...entry, size: sizeOf(entry.content) ?? entry.size }))
const entries = fc.uniqueArray(fc.oneof(folder, file), { selector: ({ name }) => name, maxLength: 8 })

function sizeOf(content: Content): number | null {
  if ('inline' in content) return content.inline.length
  return 'extents' in content ? content.extents.reduce((sum, { length }) => sum + length, 0) : null
}

test('law: a folder comes back with the same entries, and order in does not matter', () => {
  fc.assert(
    fc.property(entries, (given) => {
      const encoded = encodeNode(given)
      expect(encodeNode(given.toReversed())).toEqual(encoded)
      const decoded = decodeNode(encoded)
      expect(decoded).toHaveLength(given.length)
      expect(decoded).toEqual(expect.arrayContaining(given))
      const utf8 = decoded.map(({ name }) => toHex(utf8Encode(name)))
      expect(utf8).toEqual(utf8.toSorted())
    }),
  )
})

test('law: a list of extents comes back', () => {
  fc.assert(
    fc.property(extents, (given) => {
      expect(decodeExtents(encodeExtents(given))).toEqual(given)
    }),
  )
})

test('extents and folders may be many', () => {
  const one: Extent = { block: parseHash('ab'.repeat(32)), key: filled(32, 1), offset: 0, length: MAX_BLOCK_BYTES }
  expect(decodeExtents(encodeExtents(new Array(5_000).fill(one)))).toHaveLength(5_000)
  const many = Array.from({ length: 5_000 }, (_, i) => fileEntry(`file ${i}`))
  expect(decodeNode(encodeNode(many))).toHaveLength(5_000)
})

describe('T58 names that leave the folder are refused, written or read', () => {
  test.each(['', '.', '..', '../x', 'a/b', '/', 'a\0b', '/etc/passwd'])('%j', (name) => {
    const entry = fileEntry(name)
    const unsafe = expect.objectContaining({ name: 'RecordError', code: 'PathUnsafe' })
    expect(() => encodeNode([entry])).toThrow(unsafe)
    const { kind, mode, mtime, size, files } = entry
    const smuggled = encodeCanonical([[name, kind, mode, mtime, size, files, { inline: filled(size, 1) }]])
    expect(() => decodeNode(smuggled)).toThrow(unsafe)
  })
})

describe('broken trees are ManifestInvalid', () => {
  const file = fileEntry('a')
  const one: Extent = { block: parseHash('ab'.repeat(32)), key: filled(32, 1), offset: 0, length: 5 }
  const folder: Entry = { ...file, kind: 'folder', files: 0 }
  const link: Entry = { ...file, kind: 'symlink' }
  const broken: [string, Entry[]][] = [
    ['a name twice', [file, file]],
    ['a name of 256 bytes', [fileEntry('a'.repeat(256))]],
    ['a size that is not that of the inline content', [{ ...file, size: 6 }]],
    ['a size that is not that of the extents', [{ ...file, size: 6, content: { extents: [one] } }]],
    ['two files in a file', [{ ...file, files: 2 }]],
    ['mode bits beyond permissions', [{ ...file, mode: 0o10000 }]],
    ['a time beyond dates', [{ ...file, mtime: 8.64e15 + 1 }]],
    ['a target in blocks', [{ ...link, content: { extents: [one] } }]],
    ['an empty target', [{ ...link, size: 0, content: { inline: filled(0, 0) } }]],
    ['a target with NUL', [{ ...link, size: 1, content: { inline: filled(1, 0) } }]],
    ['a target of 4097 bytes', [{ ...link, size: 4097, content: { inline: filled(4097, 65) } }]],
    ['too much inline', [{ ...folder, content: { inline: filled(MAX_INLINE_BYTES + 1, 1) } }]],
    ['too many extents', [{ ...folder, content: { extents: new Array(MAX_INLINE_EXTENTS + 1).fill(one) } }]],
    ['an empty extent', [{ ...folder, content: { extents: [{ ...one, length: 0 }] } }]],
    ['an extent behind the end', [{ ...folder, content: { extents: [{ ...one, offset: MAX_BLOCK_BYTES - 4 }] } }]],
    ['a short key', [{ ...folder, content: { extents: [{ ...one, key: filled(31, 1) }] } }]],
  ]

  test.each(broken)('%s', (_, entries) => {
    expect(() => encodeNode(entries)).toThrow(expect.objectContaining({ code: 'ManifestInvalid' }))
  })

  test.each([
    ['not CBOR', Uint8Array.of(0xff)],
    ['not a list', encodeCanonical({})],
    ['more than 32 MiB', new Uint8Array(MAX_NODE_BYTES + 1)],
    [
      'a list in a list in a list',
      encodeCanonical([['a', 'folder', 0, 0, 0, 0, { list: { list: { inline: filled(1, 1) } } }]]),
    ],
    ['out of order', encodeCanonical(['b', 'a'].map((name) => entryField.encode(fileEntry(name), 'entry')))],
  ])('read: %s', (_, bytes) => {
    expect(() => decodeNode(bytes)).toThrow(expect.objectContaining({ name: 'RecordError', code: 'ManifestInvalid' }))
  })
})
