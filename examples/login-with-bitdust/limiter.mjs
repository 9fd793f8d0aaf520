import { SignInError } from './sign-in-error.mjs'

const WINDOW_MS = 60_000
const MAX_SENDERS = 10_000

/** Lets an address change things `perMinute` times a minute. Every sign-in makes us ask some ID-server. */
export function createLimiter({ perMinute, now = Date.now }) {
  let counts = new Map()
  let end = 0
  return {
    /** @throws `RateLimited` */
    count(sender) {
      if (now() >= end || counts.size >= MAX_SENDERS) {
        counts = new Map()
        end = now() + WINDOW_MS
      }
      const count = (counts.get(sender) ?? 0) + 1
      counts.set(sender, count)
      if (count > perMinute) throw new SignInError('RateLimited', `more than ${perMinute} requests a minute`)
    },
  }
}
