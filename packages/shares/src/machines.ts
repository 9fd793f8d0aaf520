import type { MachineDiagram } from '@bitdust/machine'
import { shareAcceptanceStart, shareAcceptanceTable } from './acceptance/machine.ts'
import { shareGrantStart, shareGrantTable } from './grant/machine.ts'

/** Every machine of this package, for the diagrams in `docs/machines`. */
export const machines: readonly MachineDiagram[] = [
  { name: 'share-grant', table: shareGrantTable, initial: shareGrantStart.state },
  { name: 'share-acceptance', table: shareAcceptanceTable, initial: shareAcceptanceStart.state },
]
