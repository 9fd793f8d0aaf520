import { invalid, RecordError } from './errors.ts'
import { CLOCK_GRACE_MS } from './limits.ts'

/**
 * Refuses what was made too long ago, or is dated in the future: a statement that counts for a fixed time after `created`.
 *
 * @param options.now - Milliseconds since the Unix epoch.
 * @throws {RecordError} `RecordExpired` an hour after its end, `RecordInvalid` if made more than an hour from now: the
 *   grace for clocks that differ.
 */
export function requireFresh(
  { created }: { readonly created: number },
  { now, lifetimeMs }: { readonly now: number; readonly lifetimeMs: number },
): void {
  requireBegun({ created }, now)
  const end = created + lifetimeMs
  if (now > end + CLOCK_GRACE_MS)
    throw new RecordError(
      'RecordExpired',
      `it counted for ${lifetimeMs / 1000} s after ${new Date(created).toISOString()}`,
    )
}

/** Refuses what is dated more than an hour in the future. @throws {RecordError} `RecordInvalid` */
export function requireBegun({ created }: { readonly created: number }, now: number): void {
  if (created > now + CLOCK_GRACE_MS)
    invalid('created', `${new Date(created).toISOString()} is in the future; compare the clocks`)
}
