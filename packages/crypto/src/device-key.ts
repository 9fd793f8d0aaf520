import { backend } from '#backend'
import { fromHex, toHex } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { randomBytes } from './random.ts'
import { signedBytes } from './signed-bytes.ts'

/** Length of a device key's seed and of its public part, in bytes. */
export const DEVICE_KEY_BYTES = 32
/** Length of a device key's signature, in bytes. */
export const DEVICE_SIGNATURE_BYTES = 64

/** The prime of the field, 2^255 - 19. */
const FIELD_PRIME = 2n ** 255n - 19n
/** The y coordinates of the eight points of small order. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
])

/** The public part of a device key as 64 lower-case hex digits. */
export type DeviceId = string & { readonly __brand: 'DeviceId' }

/** The public part of a device key (Ed25519, RFC 8032). */
export interface DevicePublicKey {
  /** 32 bytes. Not to be changed. */
  readonly bytes: Uint8Array
  readonly id: DeviceId
  /** Checks a signature over `signedBytes(label, message)`. Whatever is wrong with it is `false`, never a throw. */
  verify(label: string, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** A device key: signs what a device sends and writes. */
export interface DeviceKey {
  readonly publicKey: DevicePublicKey
  /** 32 secret bytes from which the whole key is made. */
  readonly seed: Uint8Array
  /** Signs `signedBytes(label, message)`. The signature is 64 bytes. */
  sign(label: string, message: Uint8Array): Promise<Uint8Array>
}

/** Makes a new device key. */
export function generateDeviceKey(): Promise<DeviceKey> {
  return deviceKeyFromSeed(randomBytes(DEVICE_KEY_BYTES))
}

/**
 * Makes the device key of a seed.
 *
 * @param seed - 32 bytes. Copied.
 * @throws {CryptoError} `KeyMalformed` for another length.
 */
export async function deviceKeyFromSeed(seed: Uint8Array): Promise<DeviceKey> {
  if (seed.length !== DEVICE_KEY_BYTES) {
    throw new CryptoError('KeyMalformed', `device key seed is ${seed.length} bytes, must be ${DEVICE_KEY_BYTES}`)
  }
  const operations = await backend.importEd25519Seed(seed)
  return {
    publicKey: importDevicePublicKey(operations.publicKey),
    seed: new Uint8Array(seed),
    sign: (label, message) => operations.sign(signedBytes(label, message)),
  }
}

/**
 * Reads the public part of a device key.
 *
 * @param bytes - 32 bytes. Copied.
 * @throws {CryptoError} `KeyMalformed` for another length, for a second spelling of a point, and for the points of
 * small order, whose signatures hold for many messages.
 */
export function importDevicePublicKey(bytes: Uint8Array): DevicePublicKey {
  if (bytes.length !== DEVICE_KEY_BYTES) {
    throw new CryptoError('KeyMalformed', `device key is ${bytes.length} bytes, must be ${DEVICE_KEY_BYTES}`)
  }
  checkPoint(bytes)
  const operations = backend.importEd25519PublicKey(bytes)
  return {
    bytes: new Uint8Array(bytes),
    id: toHex(bytes) as DeviceId,
    verify: (label, message, signature) => operations.verify(signedBytes(label, message), signature),
  }
}

/**
 * Reads a device id.
 *
 * @throws {CryptoError} `KeyMalformed` unless the text is 64 lower-case hex digits. Whether it is a good key is for
 * {@link importDevicePublicKey}.
 */
export function parseDeviceId(text: string): DeviceId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CryptoError('KeyMalformed', 'device id is not 64 lower-case hex digits')
  return text as DeviceId
}

/** The public part of a device key from its id. @throws {CryptoError} `KeyMalformed`. */
export function devicePublicKeyOf(id: DeviceId): DevicePublicKey {
  return importDevicePublicKey(fromHex(id))
}

function checkPoint(bytes: Uint8Array): void {
  // Little-endian y; the highest bit is the sign of x (RFC 8032 §5.1.2).
  const y = BigInt(`0x${toHex(bytes.toReversed())}`) & (2n ** 255n - 1n)
  if (y >= FIELD_PRIME) throw new CryptoError('KeyMalformed', 'device key is not the canonical spelling of a point')
  if (SMALL_ORDER_Y.has(y)) throw new CryptoError('KeyMalformed', 'device key is a point of small order')
}
