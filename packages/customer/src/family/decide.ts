import { tolerance } from '@bitdust/upkeep'
import type { LinkState } from './types.ts'

/** What is known of the supplier at one position. */
export interface SupplierCondition {
  readonly state: LinkState
  /** How long it has been refusing or unreachable while we were watching, in ms. */
  readonly absentMs: number
}

/**
 * Positions whose suppliers are given up, longest absent first: refusing or out of reach for `replaceAfterMs`.
 *
 * Nobody as long as a supplier was not asked yet, or when more of them are out of reach than the code tolerates: then
 * probably we are the ones who are offline. Never more at once than the code tolerates.
 */
export function deadPositions(
  suppliers: readonly SupplierCondition[],
  { replaceAfterMs }: { readonly replaceAfterMs: number },
): readonly number[] {
  const most = tolerance(suppliers.length)
  if (suppliers.some(({ state }) => state === 'requesting')) return []
  if (suppliers.filter(({ state }) => state === 'unreachable').length > most) return []
  return suppliers
    .map((supplier, position) => ({ ...supplier, position }))
    .filter(({ state, absentMs }) => state !== 'connected' && absentMs >= replaceAfterMs)
    .sort((a, b) => b.absentMs - a.absentMs)
    .slice(0, most)
    .map(({ position }) => position)
}
