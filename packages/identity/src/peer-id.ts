import { concatBytes, type DeviceId, equalBytes, toHex } from '@bitdust/crypto'
import { decodeBase58, encodeBase58 } from './base58.ts'
import { IdentityError } from './errors.ts'

/** Identity multihash (00, length 24 hex) of a protobuf PublicKey: field 1 type Ed25519 (08 01), field 2 of 32 bytes (12 20). */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const DEVICE_KEY_BYTES = 32
/** 38 bytes take at most 52 digits in base 58. */
const MAX_PEER_ID_CHARACTERS = 52

/**
 * The libp2p peer id of a device: its Ed25519 public key, written as libp2p does (`12D3Koo...`).
 * @param device - Public key, 32 bytes.
 * @throws {IdentityError} `KeyMalformed` for any other length.
 */
export function peerIdOfDevice(device: Uint8Array): string {
  if (device.length === DEVICE_KEY_BYTES) return encodeBase58(concatBytes(PREFIX, device))
  throw new IdentityError('KeyMalformed', `device key is ${device.length} bytes, expected ${DEVICE_KEY_BYTES}`)
}

/**
 * The device key inside a peer id; the inverse of {@link peerIdOfDevice}.
 * @returns 32 bytes.
 * @throws {IdentityError} `KeyMalformed` for text that is no Ed25519 peer id (RSA ones hide their key).
 */
export function deviceOfPeerId(peerId: string): Uint8Array {
  const bytes = peerId.length <= MAX_PEER_ID_CHARACTERS ? decodeBase58(peerId) : undefined
  if (bytes?.length === PREFIX.length + DEVICE_KEY_BYTES && equalBytes(bytes.subarray(0, PREFIX.length), PREFIX)) {
    return bytes.slice(PREFIX.length)
  }
  throw new IdentityError('KeyMalformed', `${JSON.stringify(peerId.slice(0, 60))} is not the peer id of a device`)
}

/** The device id (lower-case hex of the key) inside a peer id. */
export function deviceIdOfPeerId(peerId: string): DeviceId {
  return toHex(deviceOfPeerId(peerId)) as DeviceId
}
