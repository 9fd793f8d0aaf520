import { type Fingerprint, importRsaPublicKey } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import {
  type AccessProof,
  accessProofRecord,
  isRecordError,
  type Members,
  type Opened,
  type Right,
} from '@bitdust/records'
import type { RecordBook } from '../books/record-book.ts'
import type { Customer } from '../contract/customer.ts'
import type { Customers } from '../contract/customers.ts'
import { nothingHere, SupplierError } from '../errors.ts'
import type { Challenge } from '../protocol/access.ts'
import type { LocationRequest } from '../protocol/services.ts'
import type { Budget } from '../quota/account.ts'
import { lineFor, lineKey, linesNaming, membersOf } from './members-of.ts'
import { createProofs } from './proofs.ts'

/** Who asks, and on which connection. */
export interface Visitor {
  readonly caller: Caller
  readonly connectionId: string
}

/** By what right somebody acts. */
export type Permission =
  | { readonly by: 'owner' }
  /** What a member writes counts in the owner's quota and in the budget of the member's line. */
  | { readonly by: 'member'; readonly budget: Budget }

/**
 * Decides who may do what; the only place that does. Names in a packet give no right: the caller's fingerprint is the
 * customer's, or he proved on this connection that he holds the location's key and the owner's member list lets him.
 * For everybody else nothing exists: every refusal is the same `NotFound`.
 */
export interface Access {
  /** @throws {SupplierError} `NotFound`. */
  requireOwner(visitor: Visitor, customer: Fingerprint): Customer
  /** @throws {SupplierError} `NotFound`. */
  require(visitor: Visitor, place: LocationRequest, right: Right): Promise<Permission>
  /** Whether the owner asks, or somebody whom the member list names, proof or not. */
  isListed(visitor: Visitor, place: LocationRequest): Promise<boolean>
  /** A nonce for a proof; whoever asks gets one, so it says nothing about what is here. */
  challenge(visitor: Visitor, place: LocationRequest): Promise<Challenge>
  /**
   * Accepts an access proof for this connection.
   *
   * @throws {SupplierError} `ReplayDetected` for a nonce that is not open here, `KeyRevoked` for a key that has been
   *   replaced, `RecordInvalid`; `NotFound` for everything else.
   */
  prove(visitor: Visitor, place: LocationRequest, proof: Uint8Array): Promise<void>
}

/** What the access filter needs. */
export interface AccessOptions {
  readonly self: { readonly fingerprint: Fingerprint; readonly peerId: string }
  readonly customers: Customers
  readonly records: RecordBook
  readonly clock: Clock
}

const RIGHTS: readonly Right[] = ['read', 'write', 'drop']

/** Makes the access filter. */
export function createAccess({ self, customers, records, clock }: AccessOptions): Access {
  const proofs = createProofs(clock)

  function requireOwner({ caller }: Visitor, customer: Fingerprint): Customer {
    if (caller.fingerprint !== customer) throw nothingHere()
    return customers.require(customer)
  }

  async function provenLine({ caller, connectionId }: Visitor, place: LocationRequest, right: Right) {
    const generation = proofs.generation(connectionId, place)
    if (generation === undefined) return undefined
    const members = await membersOf(records, place.customer, place.location)
    // The list is asked anew each time, so a change of it counts at once.
    return members === null
      ? undefined
      : lineFor(members, { identity: caller.fingerprint, generation }, right, clock.now())
  }

  async function permissionOf(visitor: Visitor, place: LocationRequest, right: Right): Promise<Permission | null> {
    if (visitor.caller.fingerprint === place.customer) return { by: 'owner' }
    const line = await provenLine(visitor, place, right)
    if (line === undefined) return null
    return { by: 'member', budget: { line: lineKey(place.location, line), budgetBytes: line.budgetBytes } }
  }

  /** @returns The generation whose key is proved. */
  async function checkProof(
    { caller }: Visitor,
    place: LocationRequest,
    members: Members,
    proof: Opened<AccessProof>,
  ): Promise<number> {
    const { supplier, supplierPeer, member, memberPeer, location, generation } = proof.body
    const named =
      supplier === self.fingerprint &&
      supplierPeer === self.peerId &&
      member === caller.fingerprint &&
      memberPeer === caller.peerId &&
      location === place.location
    const key = members.keys.find((one) => one.generation === generation)
    if (!named || key === undefined) throw nothingHere()
    try {
      await accessProofRecord.verify(proof, 'share', await importRsaPublicKey(key.publicKey))
    } catch (error) {
      throw isRecordError(error, 'SignatureInvalid') ? nothingHere() : error
    }
    return generation
  }

  return {
    requireOwner,

    async require(visitor, place, right) {
      customers.require(place.customer)
      const permission = await permissionOf(visitor, place, right)
      if (permission === null) throw nothingHere()
      return permission
    },

    async isListed({ caller }, place) {
      if (caller.fingerprint === place.customer) return true
      const members = await membersOf(records, place.customer, place.location)
      return members !== null && linesNaming(members, caller.fingerprint, clock.now()).length > 0
    },

    async challenge(visitor, place) {
      const lines = await Promise.all(RIGHTS.map((right) => provenLine(visitor, place, right)))
      const proven = lines.some((line) => line !== undefined)
      return { nonce: proofs.challenge(visitor.connectionId, place), proven }
    },

    async prove(visitor, place, bytes) {
      const proof = accessProofRecord.open(bytes)
      proofs.redeem(visitor.connectionId, place, proof.body.nonce)
      customers.require(place.customer)
      const members = await membersOf(records, place.customer, place.location)
      if (members === null) throw nothingHere()
      const generation = await checkProof(visitor, place, members, proof)
      const member = { identity: visitor.caller.fingerprint, generation }
      if (!RIGHTS.some((right) => lineFor(members, member, right, clock.now()) !== undefined)) {
        const newest = members.keys.at(-1)!.generation
        throw generation < newest
          ? new SupplierError('KeyRevoked', `generation ${generation} of the key was replaced`)
          : nothingHere()
      }
      proofs.add(visitor.connectionId, place, generation)
    },
  }
}
