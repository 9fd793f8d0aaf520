import type { MachineDiagram } from '@bitdust/machine'
import { registrationTable } from './registration/machine.ts'
import { restoreTable } from './restore/machine.ts'
import { rotationTable } from './rotation/machine.ts'

/** The state machines of this package, for diagrams and for showing what a node is doing. */
export const machines: readonly MachineDiagram[] = [
  { name: 'identity-registration', table: registrationTable, initial: 'idle' },
  { name: 'identity-restore', table: restoreTable, initial: 'idle' },
  { name: 'identity-rotation', table: rotationTable, initial: 'idle' },
]
