import { readQuorum } from '@bitdust/upkeep'

/**
 * Suppliers that must answer before nothing acknowledged can have been missed: a read quorum of honest ones beside the
 * floor(n/4) that may lie (`threats.md` A5). Never more than those that acknowledge a put.
 */
export function freshQuorum(n: number): number {
  return readQuorum(n) + Math.floor(n / 4)
}
