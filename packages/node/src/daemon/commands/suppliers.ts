import { parseFingerprint } from '@bitdust/crypto'
import { isSupplierCount, PRESETS } from '@bitdust/raid'
import * as v from 'valibot'
import type { BitdustNode } from '../../node.ts'
import { parseSize } from '../../units.ts'
import { type CommandArea, command } from '../command.ts'

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** `supplier/…`: those who store for us, and what we lend. */
export const supplierCommands: CommandArea = {
  list: command(v.strictObject({}), async (node) => ({ suppliers: supplierRows(node) })),
  hire: command(
    v.strictObject({
      count: v.optional(v.pipe(v.number(), v.check(isSupplierCount, `count is one of ${PRESETS.join(', ')}`))),
      bytes: v.optional(bytes),
    }),
    async (node, input, { signal, progress }) => {
      const { suppliers, needed } = node.config.customer
      const count = input.count ?? suppliers
      if (!isSupplierCount(count)) throw new RangeError('the schema checked the count')
      await node.requireCustomer().family.hire({
        count,
        bytes: input.bytes ?? parseSize(needed),
        signal,
        onProgress: progress,
      })
      return { suppliers: supplierRows(node) }
    },
  ),
  replace: command(
    v.strictObject({ position: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
    async (node, { position }, { signal, progress }) => {
      await node.requireCustomer().family.replace(position, { signal, onProgress: progress })
      return { suppliers: supplierRows(node) }
    },
  ),
  repair: command(v.strictObject({}), (node, _, { signal, progress }) =>
    node.requireCustomer().repair.run({ signal, onProgress: (event) => progress({ step: 'repairing', ...event }) }),
  ),
  offer: command(v.strictObject({ bytes }), async (node, input) => {
    await node.offer(input.bytes)
    return { bytes: input.bytes }
  }),
}

/** `customer/…`: those whose data we store. */
export const customerCommands: CommandArea = {
  list: command(v.strictObject({}), async (node) => ({ customers: await node.customers() })),
  drop: command(v.strictObject({ fingerprint: v.string() }), async (node, { fingerprint }) => {
    await node.requireSupplier().drop(parseFingerprint(fingerprint))
    return { fingerprint }
  }),
}

function supplierRows(node: BitdustNode) {
  return node
    .requireCustomer()
    .family.links()
    .map(({ position, peer, state, since, freeBytes }) => ({
      position,
      ...peer,
      state,
      since,
      freeBytes: freeBytes ?? null,
    }))
}
