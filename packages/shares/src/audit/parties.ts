import type { Fingerprint } from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { locationIdOf, type MemberLine } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import type { ShareLocations } from '../ports.ts'
import type { ProveKeyRequest } from '../protocol/messages.ts'

/** What deciding needs. */
export interface PartiesOptions {
  readonly self: { readonly fingerprint: Fingerprint }
  readonly locations: Pick<ShareLocations, 'get' | 'members'>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * Lets only parties to a key ask for an audit of it: whoever made it, and those whom the member list of its share names.
 * A master key may be audited by everybody, since everybody deals with it.
 *
 * @throws {ShareError} `KeyRevoked` for a member of an earlier generation; `Unauthorized` for everybody else, whether we
 * hold such a key or not.
 */
export async function requireParty(
  { self, locations, clock }: PartiesOptions,
  caller: Fingerprint,
  { owner, alias, generation }: Pick<ProveKeyRequest, 'owner' | 'alias' | 'generation'>,
): Promise<void> {
  if (alias === MASTER_ALIAS ? owner === self.fingerprint : owner === caller) return
  if (alias === MASTER_ALIAS) throw notHere()
  const location = await locations.get(locationIdOf(owner, alias))
  if (location === null) throw notHere()
  const lines = (await locations.members(location)).filter((line) => isOf(line, caller, clock.now()))
  if (lines.length === 0) throw notHere()
  if (lines.some((line) => line.generation === location.generation)) return
  throw new ShareError('KeyRevoked', `generation ${generation} of the key was replaced without you`)
}

/** What those are told who may not ask, or ask for a key that is not here. */
export function notHere(): ShareError {
  return new ShareError('Unauthorized', 'this key is not audited here by you')
}

function isOf({ who, expires }: MemberLine, caller: Fingerprint, now: number): boolean {
  return (expires === null || now < expires) && 'identity' in who && who.identity === caller
}
