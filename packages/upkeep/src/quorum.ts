/**
 * Suppliers that must have stored something before it counts as acknowledged (H): three quarters, rounded up.
 * So floor(n/4) of them may lie afterwards and a {@link readQuorum} still meets an honest one that has it.
 */
export function storeQuorum(n: number): number {
  return Math.ceil((3 * n) / 4)
}

/** Suppliers to ask so that at least one of them is among any {@link storeQuorum}: n - H + 1. */
export function readQuorum(n: number): number {
  return n - storeQuorum(n) + 1
}

/** Suppliers that may be lost at once, with both fragments of every block, before anything of it is lost. */
export function tolerance(n: number): number {
  return Math.floor(n / 2)
}

/** Suppliers of the previous family that must have stored a new one before it is in force. */
export function familyQuorum(n: number): number {
  return Math.ceil(n / 2)
}
