import type { Fingerprint } from '@bitdust/crypto'
import type { IdentityDocument } from '../document/identity-document.ts'
import { openIdentity } from '../document/open-identity.ts'
import type { IdServerAddress } from '../names/id-server.ts'
import type { Idurl } from '../names/idurl.ts'
import type { IdServerPort } from './id-server-port.ts'

/** What stands at an address, seen by the holder of one key. */
export type Holding =
  | { readonly is: 'free' }
  | { readonly is: 'mine'; readonly document: IdentityDocument }
  | { readonly is: 'taken' }
  | { readonly is: 'dead' }

/** Asks for an address. Whatever stands there and is not a valid document of this key, takes the place of one. */
export async function lookUp(
  idServers: Pick<IdServerPort, 'fetch'>,
  idurl: Idurl,
  fingerprint: Fingerprint,
  signal: AbortSignal,
): Promise<Holding> {
  let bytes: Uint8Array | null
  try {
    bytes = await idServers.fetch(idurl, { signal })
  } catch {
    signal.throwIfAborted()
    return { is: 'dead' }
  }
  if (bytes === null) return { is: 'free' }
  // One's own document may name servers of a private network: it was oneself who put them there.
  const document = await openIdentity(bytes, { allowPrivate: true }).catch(() => null)
  return document?.fingerprint === fingerprint ? { is: 'mine', document } : { is: 'taken' }
}

/** Whether a server is alive; one that cannot even be asked is not. */
export async function isAlive(
  idServers: Pick<IdServerPort, 'probe'>,
  server: IdServerAddress,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await idServers.probe(server, { signal })
  } catch {
    signal.throwIfAborted()
    return false
  }
}
