import { type Family, type FamilyPosition, familyRecord } from '@bitdust/records'
import { familyQuorum } from '@bitdust/upkeep'
import { atSuppliers } from '../locations/quorum.ts'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { type FamilyPlan, familyPositionOf } from './plan.ts'
import type { OpenedFamily } from './types.ts'

/** Signs the family that a plan leads to, once all its positions are hired. */
export function signNextFamily(
  plan: FamilyPlan,
  current: OpenedFamily | null,
  self: Pick<Self, 'fingerprint' | 'idurl' | 'masterKey'>,
): Promise<OpenedFamily> {
  const positions: FamilyPosition[] = [...(current?.body.positions ?? [])]
  for (const hired of plan.hired) positions[hired.position] = familyPositionOf(hired)
  const family: Family = {
    customer: self.fingerprint,
    idurl: self.idurl(),
    revision: (current?.body.revision ?? 0) + 1,
    previous: current?.hash ?? null,
    n: plan.n,
    positions,
  }
  return familyRecord.sign(family, requireMasterKey(self, 'change the suppliers'))
}

export interface AnnounceOptions extends CallOptions {
  readonly remotes: Pick<RemoteSuppliers, 'putRecord'>
  readonly customer: Self['fingerprint']
}

/**
 * Brings a family into force: half of the suppliers of the previous one must have stored it; for a first family, half of
 * its own.
 *
 * @throws {CustomerError} `UploadIncomplete` when too few of them can be reached, or refuse it.
 */
export async function announceFamily(
  next: OpenedFamily,
  previous: OpenedFamily | null,
  { remotes, customer, signal }: AnnounceOptions,
): Promise<void> {
  const judges = previous ?? next
  await atSuppliers(
    judges,
    familyQuorum(judges.body.n),
    (peer, _, taskSignal) =>
      remotes.putRecord(peer, { customer, kind: 'family', record: next.bytes }, { signal: taskSignal }),
    { signal, subject: `family revision ${next.body.revision}` },
  )
}
