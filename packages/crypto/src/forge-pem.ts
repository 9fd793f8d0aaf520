import forge from 'node-forge'
import { CryptoError } from './errors.ts'

const ENCRYPTED_KEY = 'ENCRYPTED PRIVATE KEY'
const PRIVATE_KEYS = ['PRIVATE KEY', 'RSA PRIVATE KEY', ENCRYPTED_KEY]
/** Most rounds of a key derivation that are run for a file from elsewhere: below a second natively. */
const MAX_ITERATIONS = 1_000_000

/**
 * Reads private keys in the PEM forms that the strict reader refuses: protected by a passphrase, with headers or text
 * around, or in BER. The only file that knows node-forge, which is used to parse and to unlock, never to sign or verify.
 *
 * @returns The key as DER RSAPrivateKey. Its numbers are not checked.
 * @throws {CryptoError} `KeyMalformed`, `KeyUnlockFailed`, or `LimitExceeded` for more than a million rounds.
 */
export function readForgePem(text: string, passphrase: string | undefined): Uint8Array {
  const message = malformedUnless(() => forge.pem.decode(text).find(({ type }) => PRIVATE_KEYS.includes(type)))
  if (message === undefined) throw malformed()
  const isEncrypted = message.type === ENCRYPTED_KEY || message.procType?.type === 'ENCRYPTED'
  const key = isEncrypted
    ? decrypt(message, passphrase)
    : malformedUnless(() => forge.pki.privateKeyFromAsn1(forge.asn1.fromDer(message.body)))
  const der = malformedUnless(() => forge.asn1.toDer(forge.pki.privateKeyToAsn1(key)).getBytes())
  return Uint8Array.from(der, (character) => character.charCodeAt(0))
}

function decrypt(message: forge.pem.ObjectPEM, passphrase: string | undefined): forge.pki.rsa.PrivateKey {
  if (passphrase === undefined) throw new CryptoError('KeyUnlockFailed', 'the private key needs a passphrase')
  if (message.type === ENCRYPTED_KEY) checkIterations(message.body)
  const key = unlock(message, passphrase)
  if (!key) throw new CryptoError('KeyUnlockFailed', 'the passphrase does not open the private key')
  return key
}

function unlock(message: forge.pem.ObjectPEM, passphrase: string): forge.pki.rsa.PrivateKey | null {
  try {
    // Other software derives keys from the UTF-8 of a passphrase; forge would take its UTF-16 units for bytes.
    return forge.pki.decryptRsaPrivateKey(forge.pem.encode(message), forge.util.encodeUtf8(passphrase))
  } catch {
    // A wrong passphrase may leave bytes that look padded; parsing them then fails in any way.
    return null
  }
}

/** Every number in the AlgorithmIdentifier is a round count or smaller, whichever scheme it names. */
function checkIterations(der: string): void {
  const { value } = malformedUnless(() => forge.asn1.fromDer(der))
  const algorithm = typeof value === 'string' ? undefined : value[0]
  if (algorithm === undefined) throw malformed()
  for (const iterations of integersIn(algorithm)) {
    if (!(iterations <= MAX_ITERATIONS)) {
      throw new CryptoError('LimitExceeded', `key derivation has more than ${MAX_ITERATIONS} rounds`)
    }
  }
}

function integersIn({ type, value }: forge.asn1.Asn1): number[] {
  if (typeof value !== 'string') return value.flatMap(integersIn)
  return type === forge.asn1.Type.INTEGER ? [Number(`0x${forge.util.bytesToHex(value)}`)] : []
}

function malformedUnless<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw malformed(cause)
  }
}

function malformed(cause?: unknown): CryptoError {
  return new CryptoError('KeyMalformed', 'not an RSA private key in PEM', { cause })
}
