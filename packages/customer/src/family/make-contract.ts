import { randomBytes } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { contractRecord } from '@bitdust/records'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'

export interface ContractTerms extends CallOptions {
  readonly self: Pick<Self, 'fingerprint' | 'masterKey' | 'masterPublicKey'>
  readonly remotes: Pick<RemoteSuppliers, 'requestContract'>
  readonly clock: Clock
  readonly peer: PeerRef
  readonly position: number
  /** Bytes to be granted. */
  readonly bytes: number
  /** End of the contract, in ms since the Unix epoch. */
  readonly until: number
}

/**
 * Makes a contract with a supplier, or another one in place of the present.
 *
 * @returns The contract record with both signatures, which the client of the suppliers' protocol has verified.
 * @throws What the supplier or the network refuses with, as it comes.
 */
export async function makeContract(terms: ContractTerms): Promise<Uint8Array> {
  const { self, remotes, clock, peer, position, bytes, until, signal } = terms
  const now = clock.now()
  const contract = await contractRecord.sign(
    {
      customer: self.fingerprint,
      supplier: peer.fingerprint,
      position,
      bytes,
      from: now,
      until,
      created: now,
      nonce: randomBytes(16),
    },
    { customer: requireMasterKey(self, 'make contracts') },
  )
  const request = { contract: contract.bytes, customerKey: self.masterPublicKey.spki }
  return remotes.requestContract(peer, request, { signal })
}
