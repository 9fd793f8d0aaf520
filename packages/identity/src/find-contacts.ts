import type { Clock } from '@bitdust/machine'
import { userOfContact } from './contacts.ts'
import type { IdentityDocument } from './document/identity-document.ts'
import { MAX_CONTACTS } from './document/limits.ts'
import type { AddressOptions } from './names/address.ts'
import type { Idurl } from './names/idurl.ts'
import { formatUser, userToIdurl } from './names/user.ts'
import type { Resolver } from './resolver/resolver.ts'
import { withTimeLimit } from './with-time-limit.ts'

/** What {@link findContacts} needs. */
export interface FindContactsOptions extends AddressOptions {
  /** Finds the identities of the users that contacts name. */
  readonly resolver: Pick<Resolver, 'resolve'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal?: AbortSignal
  /** Longest wait for the identities of users, in ms; who is not found by then is left out. @default 3_000 */
  readonly timeoutMs?: number
}

/** Users that name users that name users: further than this nobody is looked up. */
const MAX_DEPTH = 3
/** Identities that are looked up for one: a stranger's document must not make us ask half the network. */
const MAX_LOOKUPS = 8
const DEFAULT_TIMEOUT_MS = 3_000

/**
 * The contacts of an identity that are addresses. In place of a contact that names a user at an ID-server
 * (`udp://alice@first-machine.com`) stand the contacts of that user's identity: so it can be dialled wherever it moved.
 *
 * @returns At most 16, in the owner's order, none twice. Users that cannot be found, that name each other in a circle, or
 *   that are the identity itself are left out. Not checked: whether the addresses are contacts that we know or may use,
 *   see `multiaddrsOfDevice`.
 */
export async function findContacts(
  document: IdentityDocument,
  { resolver, clock, signal, timeoutMs = DEFAULT_TIMEOUT_MS, allowPrivate = false }: FindContactsOptions,
): Promise<readonly string[]> {
  if (!document.contacts.some((text) => userOfContact(text) !== null)) return document.contacts
  const outer = signal ?? new AbortController().signal
  const asked = new Set<Idurl>()

  async function expand(
    { contacts, sources }: IdentityDocument,
    depth: number,
    within: AbortSignal,
  ): Promise<string[]> {
    // What an identity says under its other addresses is what we are reading.
    for (const source of sources) asked.add(source)
    const found = await Promise.all(contacts.map((text) => replace(text, depth, within)))
    return found.flat()
  }

  async function replace(text: string, depth: number, within: AbortSignal): Promise<readonly string[]> {
    const user = userOfContact(text)
    if (user === null) return [text]
    try {
      const idurl = userToIdurl(formatUser(user), { allowPrivate })
      if (depth === MAX_DEPTH || asked.has(idurl) || lookups === MAX_LOOKUPS) return []
      lookups += 1
      asked.add(idurl)
      return await expand(await resolver.resolve(idurl, { signal: within }), depth + 1, within)
    } catch {
      outer.throwIfAborted()
      return []
    }
  }

  let lookups = 0
  const found = await withTimeLimit(clock, timeoutMs, outer, (within) => expand(document, 0, within))
  return [...new Set(found)].slice(0, MAX_CONTACTS)
}
