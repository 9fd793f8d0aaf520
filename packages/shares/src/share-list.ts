import type { Fingerprint } from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import type { MemberLine } from '@bitdust/records'
import type { OpenedGrant } from './acceptance/open-grant.ts'
import type { ShareKeys, ShareLocation, ShareLocations } from './ports.ts'
import type { NamedKey, ShareNames } from './share-names.ts'
import type { ShareMember, ShareSummary } from './types.ts'

/** What listing needs. */
export interface ShareListOptions {
  readonly keyRing: Pick<ShareKeys, 'list'>
  readonly locations: Pick<ShareLocations, 'list' | 'members'>
  readonly names: ShareNames
  /** Grants whose shares are not open yet. */
  readonly pending: () => readonly OpenedGrant[]
}

/** Tells of shares what people want to know. */
export interface ShareList {
  all(): Promise<readonly ShareSummary[]>
  summaryOf(location: ShareLocation): Promise<ShareSummary>
}

/** Reads nothing before the first call. */
export function createShareList({ keyRing, locations, names, pending }: ShareListOptions): ShareList {
  /** `alias$user@host` by where the owner is now; else as it was when the key came. */
  async function keyIdOf({ owner, alias }: NamedKey): Promise<string> {
    const user = names.userOf(owner)
    if (user !== null) return `${alias}$${user}`
    for await (const key of keyRing.list())
      if (key.kind !== 'damaged' && key.alias === alias && key.creator === owner) return key.keyId
    return alias
  }

  async function summaryOf(location: ShareLocation): Promise<ShareSummary> {
    const { id, alias, label, owner, mine, generation } = location
    const lines = await locations.members(location)
    const members = lines.filter((line) => line.generation === generation).map(memberOf)
    return {
      keyId: await keyIdOf(location),
      alias,
      label,
      owner,
      mine,
      location: id,
      generation,
      state: 'open',
      members,
    }
  }

  async function opening({ body: { alias, owner, location, generation }, label }: OpenedGrant): Promise<ShareSummary> {
    const keyId = await keyIdOf({ owner, alias })
    return { keyId, alias, label, owner, mine: false, location, generation, state: 'opening', members: [] }
  }

  function memberOf({ who, rights }: MemberLine): ShareMember {
    const identity: Fingerprint | null = 'identity' in who ? who.identity : null
    return { identity, user: identity === null ? null : names.userOf(identity), rights }
  }

  return {
    summaryOf,
    async all() {
      const open = (await locations.list()).filter(({ alias }) => alias !== MASTER_ALIAS)
      const ids = new Set(open.map(({ id }) => id))
      const later = pending().filter(({ body }) => !ids.has(body.location))
      return Promise.all([...open.map(summaryOf), ...later.map(opening)])
    },
  }
}
