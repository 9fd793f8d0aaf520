import { concatBytes, createTreeHasher, equalBytes, fromHex, type TreeHasher, u32be } from '@bitdust/crypto'
import { type Layout, layoutRecord, type Opened } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import type { ByteRange, FragmentStore } from './fragment-store.ts'

// One file for each (customer, block, n, position):
// offset 0: version u8 · 1: bytes of the layout u32 BE · 5: bytes of one fragment u32 BE · 9: layout · Data · Parity
const VERSION = 1
const HEADER_BYTES = 9

/** What a file says of itself, in bytes. */
export interface FileShape {
  readonly layoutBytes: number
  /** Of each of the two fragments. */
  readonly fragmentBytes: number
}

/** Which fragments of a file somebody wants. */
export type WantedFragments = 'data' | 'parity' | 'both'

/** Bytes of a whole file. */
export function fileSize({ layoutBytes, fragmentBytes }: FileShape): number {
  return HEADER_BYTES + layoutBytes + 2 * fragmentBytes
}

/** The beginning of a file: everything before the fragments. */
export function encodeFileHead(layout: Opened<Layout>): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION), u32be(layout.bytes.length), u32be(layout.body.fragmentBytes), layout.bytes)
}

/**
 * Reads the layout of a stored file.
 *
 * @param shape - What the books say of the file.
 * @returns Null when there is no such file.
 * @throws {SupplierError} `StorageCorrupt` when the file is not what the books say.
 */
export async function readLayout(store: FragmentStore, name: string, shape: FileShape): Promise<Opened<Layout> | null> {
  const source = await store.read(name, { offset: 0, length: HEADER_BYTES + shape.layoutBytes })
  if (source === null) return null
  const head = concatBytes(...(await collect(source)))
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  // The books would name another version if there were one, so another one here is damage too.
  const isAsBooked =
    head[0] === VERSION && view.getUint32(1) === shape.layoutBytes && view.getUint32(5) === shape.fragmentBytes
  if (!isAsBooked)
    throw new SupplierError('StorageCorrupt', 'a fragment file is not what the books say', { subject: name })
  try {
    return layoutRecord.open(head.subarray(HEADER_BYTES))
  } catch (cause) {
    throw new SupplierError('StorageCorrupt', 'the layout in a fragment file is damaged', { subject: name, cause })
  }
}

/** Where in a file the wanted fragments are. */
export function fragmentsRange({ layoutBytes, fragmentBytes }: FileShape, want: WantedFragments): ByteRange {
  const data = HEADER_BYTES + layoutBytes
  return {
    offset: want === 'parity' ? data + fragmentBytes : data,
    length: want === 'both' ? 2 * fragmentBytes : fragmentBytes,
  }
}

/**
 * Passes the two fragments of a position through and compares them with the layout once all bytes went by; whoever
 * stores them meanwhile must not keep them when this throws.
 *
 * @param source - Data, then Parity.
 * @throws {SupplierError} `FragmentCorrupt`: other bytes, or more or fewer than the layout says.
 */
export async function* checkedFragments(
  { n, fragmentBytes, roots }: Layout,
  position: number,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const data = createTreeHasher()
  const parity = createTreeHasher()
  let passed = 0
  for await (const bytes of source) {
    const dataPart = Math.max(0, Math.min(bytes.length, fragmentBytes - passed))
    passed += bytes.length
    if (passed > 2 * fragmentBytes) throw new SupplierError('FragmentCorrupt', `more than 2 x ${fragmentBytes} bytes`)
    if (dataPart > 0) data.update(bytes.subarray(0, dataPart))
    if (dataPart < bytes.length) parity.update(bytes.subarray(dataPart))
    yield bytes
  }
  // Fewer bytes need no check of their own: a root covers the length.
  checkRoot(data, roots[position]!, `data fragment ${position}`)
  checkRoot(parity, roots[n + position]!, `parity fragment ${n + position}`)
}

function checkRoot(hasher: TreeHasher, root: string, which: string): void {
  if (!equalBytes(hasher.digest(), fromHex(root)))
    throw new SupplierError('FragmentCorrupt', `${which} does not match its root in the layout`)
}

/** Reads a source to its end and keeps nothing. */
export async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

/** All pieces of a source; joined they are its bytes. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const bytes of source) pieces.push(bytes)
  return pieces
}
