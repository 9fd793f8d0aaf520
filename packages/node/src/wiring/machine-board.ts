import type { MachineObserver, Transition } from '@bitdust/machine'

/** A machine and the state it is in. */
export interface MachineState {
  readonly name: string
  readonly state: string
  /** When it entered that state, in ms since the Unix epoch. */
  readonly since: number
}

/** Remembers the last transition of every kind of machine, for `bitdust machines`. */
export interface MachineBoard {
  readonly observe: MachineObserver
  list(): readonly MachineState[]
}

/** Creates a board that also passes every transition on, to be logged. */
export function createMachineBoard(onTransition: (transition: Transition) => void): MachineBoard {
  const states = new Map<string, MachineState>()
  return {
    observe(transition) {
      states.set(transition.machine, { name: transition.machine, state: transition.to, since: transition.at })
      onTransition(transition)
    },
    list: () => [...states.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
