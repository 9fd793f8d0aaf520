import type { Opened } from './define-record.ts'
import { RecordError } from './errors.ts'
import type { RecordHash } from './ids.ts'

/** A body which replaces an older one of the same owner: header, members, family. */
export interface Revisioned {
  /** From 1, rising by one. */
  readonly revision: number
  /** Hash of the record of the revision before; null in the first. */
  readonly previous: RecordHash | null
}

/** Rule for {@link Revisioned} bodies: only the first revision has no previous. */
export function revisionProblem({ revision, previous }: Revisioned): string | null {
  return (revision === 1) === (previous === null) ? null : 'exactly the first revision has no previous'
}

/** Whether `next` is the direct successor of `previous`: revision one higher, and it names its hash. */
export function succeeds(previous: Opened<Revisioned>, next: Opened<Revisioned>): boolean {
  return next.body.revision === previous.body.revision + 1 && next.body.previous === previous.hash
}

/**
 * Whether `next` should replace what is `stored`: true when its revision is higher or nothing is stored, false when it
 * is the stored record itself. Revisions between the two may be missing; see {@link succeeds} where none may.
 *
 * @throws {RecordError} `RecordRollback` for a lower revision, or other bytes under the stored revision.
 */
export function replaces(stored: Opened<Revisioned> | null, next: Opened<Revisioned>): boolean {
  if (stored === null || next.body.revision > stored.body.revision) return true
  if (next.hash === stored.hash) return false
  throw new RecordError(
    'RecordRollback',
    `${next.kind}: revision ${next.body.revision}, revision ${stored.body.revision} is known`,
    { subject: next.kind },
  )
}
