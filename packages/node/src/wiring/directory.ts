import type { FamilyDirectory, OwnerKeys, SupplierFinder } from '@bitdust/customer'
import type { Dht } from '@bitdust/dht'
import type { Caller, Resolver } from '@bitdust/identity'
import { familyRecord } from '@bitdust/records'
import type { Transport } from '@bitdust/transport'
import type { NodeLogger } from './logger.ts'

/** The DHT as the customer's directory of families. */
export function dhtFamilyDirectory(dht: Dht): FamilyDirectory {
  return {
    publish: (family, ownerKey, { signal }) =>
      dht.publishFamily(familyRecord.open(family).body.customer, family, ownerKey, { signal }),
    find: (owner, { signal }) => dht.findFamily(owner, { signal }),
  }
}

/** Public keys by the resolver of identities. */
export function resolverOwnerKeys(resolver: Resolver): OwnerKeys {
  return {
    async publicKey(fingerprint, { signal }) {
      const { publicKey } = await resolver.resolve({ fingerprint }, { signal })
      return publicKey
    },
  }
}

/** Walks the DHT and introduces itself to whom it meets: those who answer with an identity may become suppliers. */
export function walkingSupplierFinder(dht: Dht, transport: Transport, logger: NodeLogger): SupplierFinder {
  return {
    async *candidates({ signal, exclude }) {
      for await (const { peerId, addresses } of dht.walk({ signal })) {
        const caller = await transport.meet({ peerId, addresses }, { signal }).catch((error: unknown) => {
          signal.throwIfAborted()
          // A seed has no identity, others may be gone: both are normal.
          logger.debug('met nobody', { peerId, error })
          return null
        })
        if (caller === null || exclude.has(caller.fingerprint)) continue
        yield { peer: peerRefOf(caller), addresses }
      }
    },
  }
}

/** How records name a caller. */
export function peerRefOf({ fingerprint, peerId, identity }: Caller) {
  const [idurl] = identity.sources
  if (idurl === undefined) throw new TypeError('an identity has a source')
  return { fingerprint, idurl, peerId }
}
