import type { HealthReport, SupplierAnswer } from '@bitdust/customer'
import { formatSize } from '../units.ts'
import { table } from './output.ts'

/** How well things are kept, for people. */
export function showHealth({ items, suppliers }: HealthReport): string {
  const rows = items.map(({ item, spare, losses, state }) => [
    item.kind,
    formatSize(item.size),
    state,
    // What stands in the journal has no fragments.
    spare === null ? '-' : String(spare),
    losses === null ? '-' : String(losses),
    item.path,
  ])
  return [table(['KIND', 'SIZE', 'STATE', 'SPARE', 'SURVIVES', 'PATH'], rows), ...silentLines(suppliers)].join('\n')
}

/** Names who did not answer, without whom the figures are too low. */
export function silentLines(suppliers: readonly SupplierAnswer[]): readonly string[] {
  const silent = suppliers.filter(({ answered }) => !answered)
  if (silent.length === 0) return []
  return [
    `no answer from ${silent.map(({ position }) => `supplier ${position}`).join(', ')}: what they hold is not counted`,
  ]
}
