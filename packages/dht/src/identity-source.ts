import type { IdentitySource } from '@bitdust/identity'
import type { Dht } from './dht.ts'

/** The DHT as a source of identities: it finds them by fingerprint, when every ID-server is gone. */
export function dhtIdentitySource(dht: Pick<Dht, 'findIdentity'>): IdentitySource {
  return {
    name: 'dht',
    fetch: async (query, { signal }) =>
      'fingerprint' in query ? dht.findIdentity(query.fingerprint, { signal }) : null,
  }
}
