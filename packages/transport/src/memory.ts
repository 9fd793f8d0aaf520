/**
 * A network inside one process: carriers that move bytes through memory, with the ordering, windows and resets of the
 * real one. For tests, simulations and trying things out.
 *
 * @packageDocumentation
 */
export { createMemoryNetwork, type MemoryLink, type MemoryNetwork } from './memory/network.ts'
