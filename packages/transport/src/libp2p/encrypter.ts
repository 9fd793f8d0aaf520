import { noise } from '@chainsafe/libp2p-noise'
import { type ConnectionEncrypter, serviceCapabilities } from '@libp2p/interface'

type Components = Parameters<ReturnType<typeof noise>>[0]

/** Noise, and a memory of the handshakes in which somebody else answered. */
export interface WitnessedNoise {
  encrypter(components: Components): ConnectionEncrypter
  /** Whether somebody else answered in the place of a peer since the last question. */
  takeStranger(peerId: string): boolean
}

/**
 * libp2p keeps of a failed handshake only the text of its error. Whether the right peer was unreachable or a wrong one
 * answered is a difference in what the caller may do next, so it is noted here, where the error is still whole.
 */
export function createWitnessedNoise(): WitnessedNoise {
  const strangers = new Set<string>()
  return {
    encrypter(components) {
      const inner = noise()(components)
      return {
        protocol: inner.protocol,
        [Symbol.toStringTag]: inner.protocol,
        [serviceCapabilities]: ['@libp2p/connection-encryption'],
        secureInbound: (connection, options) => inner.secureInbound(connection, options),
        async secureOutbound(connection, options) {
          try {
            return await inner.secureOutbound(connection, options)
          } catch (error) {
            const expected = options?.remotePeer?.toString()
            if (expected !== undefined && error instanceof Error && error.name === 'UnexpectedPeerError') {
              strangers.add(expected)
            }
            throw error
          }
        },
      }
    },
    takeStranger: (peerId) => strangers.delete(peerId),
  }
}
