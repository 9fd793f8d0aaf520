import type { Location } from '@bitdust/customer'
import { checkPath, formatUser, MASTER_ALIAS, parseGlobalId, userToIdurl } from '@bitdust/identity'
import { locationIdOf } from '@bitdust/records'
import { NodeError } from './errors.ts'
import type { BitdustNode } from './node.ts'

/** Where a remote path leads. */
export interface Place {
  readonly location: Location
  /** Within the location; `''` is all of it. */
  readonly path: string
  readonly version?: string
}

/**
 * Finds the location that a remote path names: `[alias$user@host:]path[#version]`. A path alone is in the private
 * location; an alias alone is one of our own shares.
 *
 * @throws {NodeError} `NotFound` when no key is held for the place; {@link IdentityError} `PathUnsafe`.
 */
export async function findPlace(node: BitdustNode, text: string, { signal }: { signal: AbortSignal }): Promise<Place> {
  const { alias = MASTER_ALIAS, user, host, port, path = '', version } = parseGlobalId(text)
  const customer = node.requireCustomer()
  const checked = path === '' ? '' : checkPath(path)
  const rest = { path: checked, ...(version === undefined ? {} : { version }) }
  const owner = user === undefined || host === undefined ? node.identity.fingerprint : await ownerOf()
  if (alias === MASTER_ALIAS && owner === node.identity.fingerprint)
    return { location: await customer.locations.master({ signal }), ...rest }
  const location = await customer.locations.get(locationIdOf(owner, alias))
  if (location !== null) return { location, ...rest }
  throw new NodeError(
    'NotFound',
    `you hold no key of ${text.split(':')[0]}; list what you have with: bitdust share list`,
    { subject: text },
  )

  async function ownerOf() {
    const name = { user: user ?? '', host: host ?? '', ...(port === undefined ? {} : { port }) }
    const document = await node.resolver.resolve(
      userToIdurl(formatUser(name), { allowPrivate: node.config.network.local }),
      { signal },
    )
    return document.fingerprint
  }
}
