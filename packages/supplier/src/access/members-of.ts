import type { Fingerprint } from '@bitdust/crypto'
import { type LocationId, type MemberLine, type Members, membersRecord, type Right } from '@bitdust/records'
import type { RecordBook } from '../books/record-book.ts'

/** The member list of a location as it is stored, or null. It was verified when it came. */
export async function membersOf(
  records: RecordBook,
  customer: Fingerprint,
  location: LocationId,
): Promise<Members | null> {
  const record = await records.get(customer, { kind: 'members', location })
  return record === null ? null : membersRecord.open(record).body
}

/** Lines that name an identity, whatever they let it do, and that have not expired. */
export function linesNaming(members: Members, identity: Fingerprint, now: number): MemberLine[] {
  return members.lines.filter(
    (line) => isCurrent(line, now) && 'identity' in line.who && line.who.identity === identity,
  )
}

/** The line by which somebody may do something, having proved that he holds the key of a generation. */
export function lineFor(
  members: Members,
  member: { readonly identity: Fingerprint; readonly generation: number },
  right: Right,
  now: number,
): MemberLine | undefined {
  return members.lines.find(
    (line) =>
      isCurrent(line, now) &&
      line.rights.includes(right) &&
      line.generation === member.generation &&
      ('identity' in line.who ? line.who.identity === member.identity : line.who.holderOf === member.generation),
  )
}

/** Names a line in the books: budgets are counted by it. */
export function lineKey(location: LocationId, { who, generation }: MemberLine): string {
  return 'identity' in who ? `${location}:${who.identity}` : `${location}:holder ${generation}`
}

function isCurrent({ expires }: MemberLine, now: number): boolean {
  return expires === null || now < expires
}
