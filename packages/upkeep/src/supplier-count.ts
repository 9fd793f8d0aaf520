import { isSupplierCount, PRESETS, type SupplierCount } from '@bitdust/raid'
import { UpkeepError } from './errors.ts'

/** Records allow any number of suppliers, coding only the presets. @throws {UpkeepError} `LimitExceeded` */
export function requireSupplierCount(n: number): SupplierCount {
  if (isSupplierCount(n)) return n
  throw new UpkeepError('LimitExceeded', `${n} suppliers, expected one of ${PRESETS.join(', ')}`)
}
