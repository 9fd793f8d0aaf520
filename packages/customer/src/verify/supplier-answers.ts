import type { OpenedFamily } from '../family/types.ts'
import type { Survey } from '../repair/survey.ts'
import type { SupplierAnswer } from './types.ts'

/** Who of a family told what it holds. */
export function answersOf({ body }: OpenedFamily, { answered }: Survey): readonly SupplierAnswer[] {
  return body.positions.map(({ fingerprint }, position) => ({
    position,
    fingerprint,
    answered: answered.includes(position),
  }))
}
