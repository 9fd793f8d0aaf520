import { type DeviceId, LABELS } from '@bitdust/crypto'
import { type BlockRecord, blockRecordField } from './block.ts'
import { defineRecord, type RecordKind } from './define-record.ts'
import { choice, integer, list, optional, refine, struct } from './fields.ts'
import { deviceId, hash32, supplierCount } from './id-fields.ts'
import type { Hash32 } from './ids.ts'
import { MAX_CIPHERTEXT_BYTES, MAX_SUPPLIERS } from './limits.ts'

/**
 * How a block is cut and coded, and the hash-tree root of each fragment: whoever has it checks any fragment without any
 * key. First signed by the device that wrote the block, by the owner when the number of suppliers changes.
 */
export interface Layout {
  readonly block: BlockRecord
  /** Suppliers: the block has n Data and n Parity fragments. */
  readonly n: number
  /** Bytes of every fragment: the ciphertext in n equal parts, rounded up. */
  readonly fragmentBytes: number
  /** Hash-tree roots, Data 0..n-1 and then Parity n..2n-1. */
  readonly roots: readonly Hash32[]
  readonly signer: 'writer' | 'owner'
  /** The device of the writer that signs; null when the owner does. */
  readonly device: DeviceId | null
}

const layoutField = refine(
  struct<Layout>({
    block: blockRecordField,
    n: supplierCount,
    fragmentBytes: integer(1, MAX_CIPHERTEXT_BYTES),
    roots: list(hash32, 2 * MAX_SUPPLIERS),
    signer: choice('writer', 'owner'),
    device: optional(deviceId),
  }),
  ({ block, n, fragmentBytes, roots, signer, device }) => {
    if (roots.length !== 2 * n) return `${roots.length} roots, expected ${2 * n}`
    const expected = Math.ceil(block.size / n)
    if (fragmentBytes !== expected) return `fragments of ${fragmentBytes} bytes, expected ${expected}`
    return (signer === 'writer') === (device !== null) ? null : 'a device is named exactly when the writer signs'
  },
)

/**
 * Signed by `device` or by `owner`, as `signer` of the body says. The body does not name the owner: take his key from
 * where the location is known, and check that the location is his.
 */
export const layoutRecord: RecordKind<Layout, 'device' | 'owner'> = defineRecord({
  kind: 'layout',
  label: LABELS.layout,
  maxBytes: 8 * 1024,
  signers: {
    device: { key: 'device', name: ({ device }) => device, applies: ({ signer }) => signer === 'writer' },
    owner: { key: 'rsa', name: () => null, applies: ({ signer }) => signer === 'owner' },
  },
  versions: { 1: layoutField },
})
