import type { MachineDiagram } from '@bitdust/machine'
import { downloadStart, downloadTable } from './download/machine.ts'
import { hireFireStart, hireFireTable } from './family/hire-machine.ts'
import { supplierLinkStart, supplierLinkTable } from './family/link-machine.ts'
import { repairStart, repairTable } from './repair/machine.ts'
import { uploadStart, uploadTable } from './upload/machine.ts'

/** Every machine of this package, for the diagrams in `docs/machines`. */
export const machines: readonly MachineDiagram[] = [
  { name: 'supplier-link', table: supplierLinkTable, initial: supplierLinkStart.state },
  { name: 'hire-fire', table: hireFireTable, initial: hireFireStart.state },
  { name: 'repair', table: repairTable, initial: repairStart.state },
  { name: 'upload', table: uploadTable, initial: uploadStart.state },
  { name: 'download', table: downloadTable, initial: downloadStart.state },
]
