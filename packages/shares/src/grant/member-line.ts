import type { Fingerprint } from '@bitdust/crypto'
import { MAX_MEMBERS, type MemberLine, type Right } from '@bitdust/records'
import { ShareError } from '../errors.ts'

/** What somebody is to be let do. */
export interface NewMember {
  readonly member: Fingerprint
  readonly rights: readonly Right[]
  /** Generation of the location whose key he gets. */
  readonly generation: number
}

/**
 * The lines of a member list with one for this member; it replaces the one that he had in this generation.
 *
 * @throws {ShareError} `LimitExceeded` when the list is full.
 */
export function withMember(lines: readonly MemberLine[], { member, rights, generation }: NewMember): MemberLine[] {
  const others = lines.filter((line) => !isLineOf(line, member, generation))
  if (others.length >= MAX_MEMBERS)
    throw new ShareError('LimitExceeded', `the member list is full: ${MAX_MEMBERS} lines`)
  return [...others, { who: { identity: member }, rights, budgetBytes: null, expires: null, generation }]
}

/** Whether the list says so already. */
export function hasMember(lines: readonly MemberLine[], { member, rights, generation }: NewMember): boolean {
  const wanted = new Set(rights)
  return lines.some(
    (line) =>
      isLineOf(line, member, generation) &&
      line.budgetBytes === null &&
      line.expires === null &&
      line.rights.length === wanted.size &&
      line.rights.every((right) => wanted.has(right)),
  )
}

function isLineOf({ who, generation: of }: MemberLine, member: Fingerprint, generation: number): boolean {
  return 'identity' in who && who.identity === member && of === generation
}
