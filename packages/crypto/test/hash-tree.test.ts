import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createTreeHasher,
  LEAF_BYTES,
  type TreeProof,
  toHex,
  treeProof,
  treeProofs,
  treeRoot,
  verifyTreeProof,
} from '../src/index.ts'
import { pattern } from './pattern.ts'
import vectors from './vectors/hash-tree-v1.json' with { type: 'json' }

const leafCount = (bytes: number) => Math.max(1, Math.ceil(bytes / LEAF_BYTES))
const size = fc.oneof(
  fc.nat({ max: 100 }),
  fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: -1, max: 1 }))
    .map(([n, delta]) => n * LEAF_BYTES + delta),
)

test.each(vectors.trees)('vector of $bytes bytes', ({ bytes, root }) => {
  expect(toHex(treeRoot(pattern(bytes)))).toBe(root)
})

describe('laws', () => {
  test('a root does not depend on how the data arrives', () => {
    fc.assert(
      fc.property(size, fc.array(fc.nat({ max: 30_000 }), { minLength: 1, maxLength: 8 }), (bytes, steps) => {
        const data = pattern(bytes)
        const hasher = createTreeHasher()
        for (let offset = 0, turn = 0; offset < bytes; turn++) {
          const step = steps[turn % steps.length]! + (turn < 100 ? 0 : LEAF_BYTES)
          hasher.update(data.subarray(offset, offset + step))
          offset += step
        }
        expect(hasher.digest()).toEqual(treeRoot(data))
      }),
    )
  })

  test('the proof of every leaf holds, and for no other place', () => {
    fc.assert(
      fc.property(size, (bytes) => {
        const data = pattern(bytes)
        const root = treeRoot(data)
        const leaves = leafCount(bytes)
        const proofs = treeProofs(
          data,
          Array.from({ length: leaves }, (_, i) => i),
        )
        for (const [index, proof] of proofs.entries()) {
          expect(verifyTreeProof(root, bytes, index, proof)).toBe(true)
          expect(verifyTreeProof(root, bytes, (index + 1) % leaves, proof)).toBe(leaves === 1)
          expect(verifyTreeProof(root, bytes + 1, index, proof)).toBe(false)
          expect(verifyTreeProof(root, bytes + LEAF_BYTES, index, proof)).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a caller that changes its buffer after update changes nothing', () => {
    const buffer = pattern(10_000)
    const hasher = createTreeHasher().update(buffer)
    buffer.fill(0)
    expect(hasher.digest()).toEqual(treeRoot(pattern(10_000)))
  })
})

describe('a proof that was tampered with is false', () => {
  const data = pattern(5 * LEAF_BYTES + 100)
  const root = treeRoot(data)
  const proof = treeProof(data, 2)
  const bad: [string, TreeProof][] = [
    ['leaf changed', { ...proof, leaf: proof.leaf.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) }],
    ['leaf cut', { ...proof, leaf: proof.leaf.subarray(1) }],
    ['leaf longer', { ...proof, leaf: data.subarray(0, LEAF_BYTES + 1) }],
    [
      'hash changed',
      { ...proof, path: proof.path.map((hash, i) => (i === 1 ? hash.map((byte) => byte ^ 128) : hash)) },
    ],
    ['hash missing', { ...proof, path: proof.path.slice(1) }],
    ['no hashes', { ...proof, path: [] }],
    ['hash added', { ...proof, path: [...proof.path, proof.path[0]!] }],
    ['hash cut', { ...proof, path: proof.path.map((hash) => hash.subarray(1)) }],
    ['hashes exchanged', { ...proof, path: proof.path.toReversed() }],
  ]

  test('the untouched one holds', () => {
    expect(verifyTreeProof(root, data.length, 2, proof)).toBe(true)
  })

  test.each(bad)('%s', (_, changed) => {
    expect(verifyTreeProof(root, data.length, 2, changed)).toBe(false)
  })

  test.each([-1, 6, 0.5, Number.NaN, 2 ** 53])('leaf %d', (index) => {
    expect(verifyTreeProof(root, data.length, index, proof)).toBe(false)
    expect(() => treeProof(data, index)).toThrow(expect.objectContaining({ code: 'LimitExceeded' }))
  })

  test.each([-1, 0, 0.5, Number.NaN, 2 ** 53])('total of %d bytes', (totalBytes) => {
    expect(verifyTreeProof(root, totalBytes, 2, proof)).toBe(false)
  })

  test('a node cannot be shown as a leaf', () => {
    // 64 bytes of two leaf hashes: without prefixes their hash would be the node above them.
    const two = pattern(2 * LEAF_BYTES)
    const [left, right] = treeProofs(two, [0, 1])
    const hashes = new Uint8Array([...right!.path[0]!, ...left!.path[0]!])
    expect(verifyTreeProof(treeRoot(two), hashes.length, 0, { leaf: hashes, path: [] })).toBe(false)
  })
})
