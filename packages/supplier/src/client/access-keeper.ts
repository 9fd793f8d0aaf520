import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { LocationId } from '@bitdust/records'
import type { CallOptions } from '../ports.ts'
import { challengeReply, proofRequest } from '../protocol/access.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { doneReply, type LocationRequest, locationRequest } from '../protocol/services.ts'
import { type Call, isNotFound, say } from './call.ts'

/** What has to be signed to prove a location's key. */
export interface AccessChallenge {
  readonly supplier: Fingerprint
  readonly supplierPeer: string
  readonly customer: Fingerprint
  readonly location: LocationId
  /** 32 bytes. */
  readonly nonce: Uint8Array
}

/** Holds the key of a location that belongs to somebody else. */
export interface AccessProver {
  /** An access proof record over the challenge. */
  prove(challenge: AccessChallenge): Promise<Uint8Array>
}

/** Finds who proves access to a location; undefined for our own, where nothing needs a proof. */
export type FindProver = (location: LocationId) => AccessProver | undefined

/** Proves access where it is needed: before the first question, and again on a new connection. */
export interface AccessKeeper {
  /** @param place - Null: nothing to prove. */
  run<T>(to: PeerRef, place: LocationRequest | null, options: CallOptions, task: () => Promise<T>): Promise<T>
}

interface Standing {
  /** How often access was proved. */
  proofs: number
  /** The proof that is being made. */
  running?: Promise<boolean>
}

/** Remembers for each supplier and location whether access was proved. */
export function createAccessKeeper(call: Call, findProver: FindProver): AccessKeeper {
  const standings = new Map<string, Standing>()

  function standingOf(to: PeerRef, { customer, location }: LocationRequest): Standing {
    const key = `${to.peerId}/${customer}/${location}`
    const standing = standings.get(key) ?? { proofs: 0 }
    standings.set(key, standing)
    return standing
  }

  /** @returns Whether that changed anything: false when the supplier still remembers the last proof. */
  async function prove(
    to: PeerRef,
    place: LocationRequest,
    prover: AccessProver,
    options: CallOptions,
  ): Promise<boolean> {
    const { customer, location } = place
    const question = {
      command: COMMANDS.accessNonce,
      customer,
      request: [locationRequest, place],
      reply: challengeReply,
    } as const
    const { nonce, proven } = await say(call, to, question, options)
    if (proven) return false
    const proof = await prover.prove({ supplier: to.fingerprint, supplierPeer: to.peerId, customer, location, nonce })
    const request = [proofRequest, { customer, location, proof }] as const
    await say(call, to, { command: COMMANDS.auditKey, customer, request, reply: doneReply }, options)
    return true
  }

  /** Questions that need the same proof share one. */
  function proveOnce(
    to: PeerRef,
    place: LocationRequest,
    prover: AccessProver,
    options: CallOptions,
  ): Promise<boolean> {
    const standing = standingOf(to, place)
    standing.running ??= prove(to, place, prover, options)
      .then((changed) => {
        standing.proofs += 1
        return changed
      })
      .finally(() => delete standing.running)
    return standing.running
  }

  return {
    async run(to, place, options, task) {
      const prover = place === null ? undefined : findProver(place.location)
      if (place === null || prover === undefined) return task()
      const standing = standingOf(to, place)
      if (standing.proofs === 0) await proveOnce(to, place, prover, options)
      const { proofs } = standing
      try {
        return await task()
      } catch (error) {
        // On a connection that is new, the supplier knows no proof yet. Somebody else may have proved meanwhile.
        const isProven =
          isNotFound(error) && (standing.proofs > proofs || (await proveOnce(to, place, prover, options)))
        if (!isProven) throw error
        return task()
      }
    },
  }
}
