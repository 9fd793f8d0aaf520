import { RecordError } from './errors.ts'
import { CLOCK_GRACE_MS } from './limits.ts'

/**
 * Refuses a statement whose time is over: offers, key audits.
 *
 * @param now - Milliseconds since the Unix epoch.
 * @throws {RecordError} `RecordExpired` an hour after `expires`, the grace for clocks that differ.
 */
export function requireCurrent({ expires }: { readonly expires: number }, now: number): void {
  if (now > expires + CLOCK_GRACE_MS)
    throw new RecordError('RecordExpired', `expired at ${new Date(expires).toISOString()}`)
}
