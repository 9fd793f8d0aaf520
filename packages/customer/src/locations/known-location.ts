import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import type { Header, LocationId, Members, Opened } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { OpenedSecrets } from './header.ts'
import type { Location } from './types.ts'

/** All that is known of a location, and may change. */
export interface LocationState {
  readonly id: LocationId
  readonly ownerKey: RsaPublicKey
  readonly alias: string
  readonly label: string
  header: Opened<Header>
  opened: OpenedSecrets
  /** Null: none was made yet, or we may not see it. */
  members: Opened<Members> | null
  /** Identities that ever had the right to write, as far as this device saw. */
  writers: ReadonlySet<Fingerprint>
}

/** A location as others see it: always the present state. */
export function locationOf(
  state: LocationState,
  reach: Pick<Location, 'family' | 'online'> & { readonly mine: boolean },
): Location {
  const { id, alias, label, ownerKey } = state
  const owner = ownerKey.fingerprint

  return {
    id,
    owner,
    ownerKey,
    alias,
    label,
    mine: reach.mine,
    family: reach.family,
    online: reach.online,
    get generation() {
      return newestGeneration(state)
    },
    get key() {
      return state.opened.keys.get(newestGeneration(state)) ?? null
    },
    get revoked() {
      return state.header.body.revoked
    },
    secret(generation = newestGeneration(state)) {
      const secret = state.opened.secrets.get(generation)
      if (secret !== undefined) return secret
      const exists = state.header.body.generations.some((one) => one.generation === generation)
      const code = exists ? 'KeyRevoked' : 'NotFound'
      throw new CustomerError(code, `no secret for generation ${generation} of ${alias}`, { subject: id })
    },
    mayWrite(writer) {
      if (writer === owner) return true
      const lines = state.members?.body.lines ?? []
      const anybody = lines.some(({ who, rights }) => 'holderOf' in who && rights.includes('write'))
      // Who lost the right keeps what he wrote while he had it: suppliers took nothing from him since.
      return anybody || state.writers.has(writer)
    },
  }
}

/** Identities that this member list allows to write. */
export function writersOf(members: Opened<Members>): readonly Fingerprint[] {
  return members.body.lines.flatMap(({ who, rights }) =>
    'identity' in who && rights.includes('write') ? [who.identity] : [],
  )
}

function newestGeneration({ opened }: LocationState): number {
  return Math.max(...opened.secrets.keys())
}
