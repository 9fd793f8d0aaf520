import { randomBytes, toHex } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { SupplierError } from '../errors.ts'
import { MAX_NONCES, MAX_PROVEN_CONNECTIONS, NONCE_LIFE_MS } from '../limits.ts'
import { NONCE_BYTES } from '../protocol/access.ts'
import type { LocationRequest } from '../protocol/services.ts'

/** Nonces that are open and keys that were proved, by connection. */
export interface Proofs {
  /** A fresh nonce for one proof on this connection. */
  challenge(connectionId: string, place: LocationRequest): Uint8Array
  /**
   * Takes a nonce back; each works once, on its connection, for its location.
   *
   * @throws {SupplierError} `ReplayDetected` for any other.
   */
  redeem(connectionId: string, place: LocationRequest, nonce: Uint8Array): void
  /** Remembers the generation whose key was proved. */
  add(connectionId: string, place: LocationRequest, generation: number): void
  /** The generation whose key was proved on this connection, for this location. */
  generation(connectionId: string, place: LocationRequest): number | undefined
}

interface Connection {
  /** By nonce in hex, oldest first. */
  readonly nonces: Map<string, { readonly place: string; readonly expires: number }>
  readonly proven: Map<string, number>
}

/** Keeps nonces and proofs in memory; the connections used longest ago are forgotten first. */
export function createProofs(clock: Clock): Proofs {
  const connections = new Map<string, Connection>()

  function connectionOf(id: string): Connection {
    const connection = connections.get(id) ?? { nonces: new Map(), proven: new Map() }
    connections.delete(id)
    connections.set(id, connection)
    dropOldest(connections, MAX_PROVEN_CONNECTIONS)
    return connection
  }

  return {
    challenge(connectionId, place) {
      const { nonces } = connectionOf(connectionId)
      const nonce = randomBytes(NONCE_BYTES)
      nonces.set(toHex(nonce), { place: keyOf(place), expires: clock.monotonic() + NONCE_LIFE_MS })
      dropOldest(nonces, MAX_NONCES)
      return nonce
    },

    redeem(connectionId, place, nonce) {
      const { nonces } = connectionOf(connectionId)
      const key = toHex(nonce)
      const found = nonces.get(key)
      nonces.delete(key)
      if (found === undefined || found.place !== keyOf(place) || clock.monotonic() >= found.expires)
        throw new SupplierError('ReplayDetected', 'the proof answers no nonce that is open on this connection')
    },

    add(connectionId, place, generation) {
      const { proven } = connectionOf(connectionId)
      proven.set(keyOf(place), generation)
      dropOldest(proven, MAX_NONCES)
    },

    generation: (connectionId, place) => connections.get(connectionId)?.proven.get(keyOf(place)),
  }
}

function keyOf({ customer, location }: LocationRequest): string {
  return `${customer}/${location}`
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}
