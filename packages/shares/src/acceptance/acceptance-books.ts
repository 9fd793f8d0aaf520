import { toHex } from '@bitdust/crypto'
import { isRecordError, type LocationId } from '@bitdust/records'
import { GRANT_LIFE_MS, MAX_PAYLOAD_BYTES } from '../limits.ts'
import type { ShareStore } from '../ports.ts'
import { type KeyRequest, storedGrant } from '../protocol/messages.ts'

const ACCEPTANCES = 'shares/acceptance/'
const NONCES = 'shares/nonce/'

/** The share and generation that a grant is for; there is one acceptance for each. */
export interface GrantSubject {
  readonly location: LocationId
  readonly generation: number
}

/** What tells a grant from all others. */
export interface GrantNonce {
  readonly nonce: Uint8Array
  /** When the grant was made, in ms since the Unix epoch. */
  readonly created: number
}

/** What of accepting grants outlives the process. */
export interface AcceptanceBooks {
  /** Whether a grant was taken before. Known for as long as it could be taken again. */
  isUsed(grant: GrantNonce): Promise<boolean>
  /** Remembers a verified grant, in place of an earlier one for the same subject, and uses its nonce up. */
  remember(subject: GrantSubject, grant: GrantNonce, packet: KeyRequest, now: number): Promise<void>
  /** The acceptance has ended. */
  forget(subject: GrantSubject): Promise<void>
  /** Acceptances that have not ended. Entries that cannot be read are passed over. */
  list(): AsyncIterable<KeyRequest>
}

/** Keeps the books in a store. */
export function createAcceptanceBooks(store: ShareStore): AcceptanceBooks {
  /** Keys of nonces begin with the time of their grants, so that the oldest come first. */
  async function staleNonces(now: number): Promise<readonly string[]> {
    const stale: string[] = []
    const limit = nonceKey(Math.max(0, now - 2 * GRANT_LIFE_MS), '')
    for await (const [key] of store.list({ prefix: NONCES })) {
      if (key >= limit) break
      stale.push(key)
    }
    return stale
  }

  return {
    isUsed: async ({ nonce, created }) => (await store.get(nonceKey(created, toHex(nonce)))) !== null,

    async remember(subject, { nonce, created }, { grant, family }, now) {
      const stale = await staleNonces(now)
      await store.batch([
        { put: acceptanceKey(subject), value: storedGrant.encode({ version: 1, grant, family }) },
        { put: nonceKey(created, toHex(nonce)), value: new Uint8Array() },
        ...stale.map((key) => ({ delete: key })),
      ])
    },

    forget: (subject) => store.batch([{ delete: acceptanceKey(subject) }]),

    async *list() {
      for await (const [, value] of store.list({ prefix: ACCEPTANCES })) {
        try {
          yield storedGrant.decode(value, MAX_PAYLOAD_BYTES)
        } catch (error) {
          if (!isRecordError(error)) throw error
        }
      }
    },
  }
}

function acceptanceKey({ location, generation }: GrantSubject): string {
  return `${ACCEPTANCES}${location}/${generation}`
}

function nonceKey(created: number, nonce: string): string {
  return `${NONCES}${String(created).padStart(16, '0')}/${nonce}`
}
