import { backend } from '#backend'
import { equalBytes, u64be } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { HASH_BYTES } from './hash.ts'

/** Bytes of data in a leaf; only the last one may be shorter. */
export const LEAF_BYTES = 8_192

// Leaf:  SHA-256( 0x00 · leaf number u64 BE · data )
// Node:  SHA-256( 0x01 · left 32 · right 32 ); a node without a right neighbour moves up unchanged.
// Root:  SHA-256( 0x02 · total bytes u64 BE · top 32 ). Empty data is one empty leaf.
// The prefixes keep the three apart, the number and the total keep leaves and trees of other places apart.
const LEAF_PREFIX = 0
const NODE_PREFIX = 1
const ROOT_PREFIX = Uint8Array.of(2)

const LEAF_HEADER_BYTES = 9
// Inputs are put together here, used up before any other code runs: one copy costs less than a hash object per leaf.
const leafInput = Uint8Array.of(LEAF_PREFIX, ...new Uint8Array(LEAF_HEADER_BYTES - 1 + LEAF_BYTES))
const leafView = new DataView(leafInput.buffer)
const nodeInput = Uint8Array.of(NODE_PREFIX, ...new Uint8Array(2 * HASH_BYTES))

/** A leaf and what is needed to check it against the root, without the rest of the data. */
export interface TreeProof {
  /** The leaf's data, {@link LEAF_BYTES} bytes; fewer only in the last leaf. */
  readonly leaf: Uint8Array
  /** Hashes of the neighbours, from the leaf up. Levels on which the node has no neighbour are left out. */
  readonly path: readonly Uint8Array[]
}

/** The root of data that arrives in pieces. */
export interface TreeHasher {
  /** Adds bytes. They are read before the call returns and not kept. */
  update(bytes: Uint8Array): this
  /** The 32-byte root. The object must not be used afterwards. */
  digest(): Uint8Array
}

/** The 32-byte root of the hash tree over `data`. */
export function treeRoot(data: Uint8Array): Uint8Array {
  return rootHash(data.length, topOf(leafHashes(data)))
}

/** Computes a root while the data passes by; keeps at most one leaf and one hash per level. */
export function createTreeHasher(): TreeHasher {
  // Tops of complete subtrees from left to right, each smaller than the one before, as the bits of `leaves`.
  const tops: Uint8Array[] = []
  const partial = new Uint8Array(LEAF_BYTES)
  let partialBytes = 0
  let leaves = 0
  let totalBytes = 0

  const addLeaf = (data: Uint8Array) => {
    let top = leafHash(leaves, data)
    leaves += 1
    for (let size = leaves; size % 2 === 0; size /= 2) top = nodeHash(tops.pop()!, top)
    tops.push(top)
  }

  const hasher: TreeHasher = {
    update(bytes) {
      totalBytes += bytes.length
      let offset = 0
      if (partialBytes > 0) {
        offset = Math.min(LEAF_BYTES - partialBytes, bytes.length)
        partial.set(bytes.subarray(0, offset), partialBytes)
        partialBytes += offset
        if (partialBytes < LEAF_BYTES) return hasher
        addLeaf(partial)
      }
      for (; bytes.length - offset >= LEAF_BYTES; offset += LEAF_BYTES) {
        addLeaf(bytes.subarray(offset, offset + LEAF_BYTES))
      }
      partial.set(bytes.subarray(offset))
      partialBytes = bytes.length - offset
      return hasher
    },
    digest() {
      if (partialBytes > 0 || leaves === 0) addLeaf(partial.subarray(0, partialBytes))
      return rootHash(
        totalBytes,
        tops.reduceRight((right, left) => nodeHash(left, right)),
      )
    },
  }
  return hasher
}

/**
 * Makes the proof of one leaf. For several leaves of the same data {@link treeProofs} hashes it only once.
 *
 * @throws {CryptoError} `LimitExceeded` if there is no such leaf.
 */
export function treeProof(data: Uint8Array, leafIndex: number): TreeProof {
  const [proof] = treeProofs(data, [leafIndex])
  return proof!
}

/**
 * Makes the proofs of several leaves, in the order of `leafIndexes`. The leaves are views into `data`.
 *
 * @throws {CryptoError} `LimitExceeded` if there is no such leaf.
 */
export function treeProofs(data: Uint8Array, leafIndexes: readonly number[]): TreeProof[] {
  const leaves = leafCount(data.length)
  for (const index of leafIndexes) {
    if (!isLeafIndex(index, leaves)) throw new CryptoError('LimitExceeded', `leaf ${index} of ${leaves}`)
  }
  const levels = [leafHashes(data)]
  for (let level = levels[0]!; level.length > 1; levels.push(level)) level = parentsOf(level)
  return leafIndexes.map((leafIndex) => {
    const path: Uint8Array[] = []
    let index = leafIndex
    for (const level of levels) {
      const neighbour = level[index % 2 === 0 ? index + 1 : index - 1]
      if (neighbour !== undefined) path.push(neighbour)
      index = Math.floor(index / 2)
    }
    return { leaf: leafData(data, leafIndex), path }
  })
}

/**
 * Checks a leaf against a root. Anything that does not fit (index, lengths, number of hashes) is `false`, never a throw.
 *
 * @param totalBytes - Length of the whole data, as the root's owner states it.
 */
export function verifyTreeProof(root: Uint8Array, totalBytes: number, leafIndex: number, proof: TreeProof): boolean {
  if (!Number.isSafeInteger(totalBytes) || totalBytes < 0) return false
  const leaves = leafCount(totalBytes)
  if (!isLeafIndex(leafIndex, leaves)) return false
  const leafBytes = Math.min(LEAF_BYTES, totalBytes - leafIndex * LEAF_BYTES)
  if (proof.leaf.length !== leafBytes) return false

  let hash = leafHash(leafIndex, proof.leaf)
  let used = 0
  let index = leafIndex
  for (let width = leaves; width > 1; width = Math.ceil(width / 2)) {
    const isLeft = index % 2 === 0
    if (!isLeft || index + 1 < width) {
      const neighbour = proof.path[used++]
      if (neighbour?.length !== HASH_BYTES) return false
      hash = isLeft ? nodeHash(hash, neighbour) : nodeHash(neighbour, hash)
    }
    index = Math.floor(index / 2)
  }
  return used === proof.path.length && equalBytes(rootHash(totalBytes, hash), root)
}

function leafCount(totalBytes: number): number {
  return Math.max(1, Math.ceil(totalBytes / LEAF_BYTES))
}

function isLeafIndex(index: number, leaves: number): boolean {
  return Number.isSafeInteger(index) && index >= 0 && index < leaves
}

function leafData(data: Uint8Array, index: number): Uint8Array {
  return data.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES)
}

function leafHashes(data: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = []
  for (let index = 0; index < leafCount(data.length); index++) hashes.push(leafHash(index, leafData(data, index)))
  return hashes
}

function topOf(leaves: Uint8Array[]): Uint8Array {
  let level = leaves
  while (level.length > 1) level = parentsOf(level)
  return level[0]!
}

function parentsOf(level: readonly Uint8Array[]): Uint8Array[] {
  const parents: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1]
    parents.push(right === undefined ? level[i]! : nodeHash(level[i]!, right))
  }
  return parents
}

function leafHash(index: number, data: Uint8Array): Uint8Array {
  leafView.setUint32(1, Math.floor(index / 2 ** 32))
  leafView.setUint32(5, index >>> 0)
  leafInput.set(data, LEAF_HEADER_BYTES)
  return backend.sha256([leafInput.subarray(0, LEAF_HEADER_BYTES + data.length)])
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return backend.sha256([nodeInput])
}

function rootHash(totalBytes: number, top: Uint8Array): Uint8Array {
  return backend.sha256([ROOT_PREFIX, u64be(totalBytes), top])
}
