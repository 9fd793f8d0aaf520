import { fromHex, type RsaPublicKey, toHex } from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'
import { MAX_SIGNATURE_DIGITS } from './limits.ts'

/** What follows the modulus in the SubjectPublicKeyInfo of every key that we accept: INTEGER 65537. */
const EXPONENT_BYTES = 5

/** Writes signature bytes as the decimal number that identity documents carry: no sign, no leading zero. */
export function formatSignature(signature: Uint8Array): string {
  return BigInt(`0x${toHex(signature)}`).toString()
}

/**
 * Reads the decimal number back into as many bytes as the modulus has.
 *
 * @throws {IdentityError} `IdentityMalformed` for any form but the one that {@link formatSignature} writes, and for
 *   numbers not below the modulus. The length is checked before any arithmetic.
 */
export function parseSignature(text: string, key: RsaPublicKey): Uint8Array {
  if (text.length > MAX_SIGNATURE_DIGITS || !/^[1-9][0-9]*$/.test(text)) {
    throw new IdentityError(
      'IdentityMalformed',
      `signature is not a plain decimal number of at most ${MAX_SIGNATURE_DIGITS} digits`,
    )
  }
  const modulus = modulusOf(key)
  const hex = BigInt(text).toString(16)
  if (hex.length > 2 * modulus.length) throw notBelowModulus()
  const signature = fromHex(hex.padStart(2 * modulus.length, '0'))
  if (compareBytes(signature, modulus) >= 0) throw notBelowModulus()
  return signature
}

function notBelowModulus(): IdentityError {
  return new IdentityError('IdentityMalformed', 'signature is not below the modulus')
}

/** Compares numbers of one length, big-endian: negative when `a` is less. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const place = a.findIndex((byte, index) => byte !== b[index])
  return place < 0 ? 0 : a[place]! - b[place]!
}

function modulusOf({ spki, bits }: RsaPublicKey): Uint8Array {
  return spki.subarray(spki.length - EXPONENT_BYTES - Math.ceil(bits / 8), spki.length - EXPONENT_BYTES)
}
