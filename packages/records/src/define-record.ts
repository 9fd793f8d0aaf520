import {
  type CanonicalValue,
  type DeviceKey,
  type DevicePublicKey,
  decodeCanonical,
  encodeCanonical,
  type RsaPrivateKey,
  type RsaPublicKey,
} from '@bitdust/crypto'
import { decodeLimited } from './decode-limited.ts'
import { invalid, RecordError } from './errors.ts'
import { bytesUpTo, type Field, list, optional } from './fields.ts'
import { hashOf, type RecordHash } from './ids.ts'

/** A key that signs records: a device key where the signer is a device, else an RSA key. */
export type SigningKey = RsaPrivateKey | DeviceKey
/** The public half of a {@link SigningKey}. */
export type VerifyingKey = RsaPublicKey | DevicePublicKey

/** A record whose syntax and limits were checked. Its signatures were not: that is `verify`. */
export interface Opened<Body> {
  readonly kind: string
  /** Version of the format in which the record is written. */
  readonly version: number
  readonly body: Body
  /** The whole record: the array that was given to `open`, not a copy, so it must not be changed. */
  readonly bytes: Uint8Array
  /** SHA-256 of `bytes`. A randomised signature makes it differ between two signings of one body. */
  readonly hash: RecordHash
  /** What the signatures cover, besides the label: canonical [kind, version, body]. */
  readonly signedContent: Uint8Array
  /** One for each signer of the kind, in its order; null where a signature is still missing. */
  readonly signatures: readonly (Uint8Array | null)[]
}

/** Who signs a record of some kind, and by which name the body knows him. */
export interface Signer<Body> {
  /** What kind of key this signer has. */
  readonly key: 'rsa' | 'device'
  /** Fingerprint (RSA) or device id which the body names as signer; null: the body leaves it open. */
  name(body: Body): string | null
  /** Whether this signer signs such a body at all. @default always */
  applies?(body: Body): boolean
}

/** What makes a kind of record. */
export interface RecordDefinition<Body, Role extends string> {
  /** First item of the bytes. Never changes. */
  readonly kind: string
  /** Separates its signatures from those of every other purpose; from `LABELS` of crypto. */
  readonly label: string
  /** Most bytes of a record, signatures included. */
  readonly maxBytes: number
  /** In the order in which signatures are written. */
  readonly signers: { readonly [R in Role]: Signer<Body> }
  /** How each version of the format is read. Writers use the highest. */
  readonly versions: { readonly [version: number]: Field<Body> }
}

/** One kind of signed statement. */
export interface RecordKind<Body, Role extends string> {
  readonly kind: string
  readonly maxBytes: number
  /**
   * Writes a record in the newest version and signs it.
   *
   * @param keys - The key of the only signer, or keys by role: those left out sign later with `addSignature`.
   * @throws {RecordError} `RecordInvalid` for a body outside the format, `LimitExceeded` above `maxBytes`,
   *   `SignatureInvalid` when a key is not the one that the body names.
   */
  sign(body: Body, keys: SigningKey | { readonly [R in Role]?: SigningKey }): Promise<Opened<Body>>
  /**
   * Reads a record: syntax, ranges and limits, nothing else. Any version that is known is read.
   *
   * @throws {RecordError} `LimitExceeded`, `VersionUnsupported` or `RecordInvalid`.
   */
  open(bytes: Uint8Array): Opened<Body>
  /**
   * Checks the signature of one role.
   *
   * @throws {RecordError} `SignatureInvalid`: missing, wrong, or the key is not the one that the body names.
   */
  verify(opened: Opened<Body>, role: Role, key: VerifyingKey): Promise<void>
  /** The same record with the signature of one more role (replacing one that stands there). Throws like `sign`. */
  addSignature(opened: Opened<Body>, role: Role, key: SigningKey): Promise<Opened<Body>>
}

/** RSA 4096 makes the longest signatures. */
const MAX_SIGNATURE_BYTES = 512

/**
 * Defines a kind of record: bytes = canonical CBOR [kind, version, body, [signature or null, ...]], each signature made
 * over the label and canonical [kind, version, body].
 */
export function defineRecord<Body, Role extends string>({
  kind,
  label,
  maxBytes,
  signers,
  versions,
}: RecordDefinition<Body, Role>): RecordKind<Body, Role> {
  const newest = Math.max(...Object.keys(versions).map(Number))
  const roles = Object.keys(signers) as Role[]
  const signatureList = list(optional(bytesUpTo(MAX_SIGNATURE_BYTES)), roles.length)

  function rolesOf(body: Body): readonly Role[] {
    return roles.filter((role) => signers[role].applies?.(body) ?? true)
  }

  function open(bytes: Uint8Array): Opened<Body> {
    const [version, rawBody, rawSignatures] = openEnvelope(decodeLimited(bytes, maxBytes, kind), kind)
    const reader = Object.hasOwn(versions, version) ? versions[version] : undefined
    if (reader === undefined)
      throw new RecordError('VersionUnsupported', `${kind}: version ${version}, newest known is ${newest}`, {
        subject: kind,
      })
    const body = reader.decode(rawBody, kind)
    const signatures = signatureList.decode(rawSignatures, `${kind}.signatures`)
    const expected = rolesOf(body).length
    if (signatures.length !== expected) return invalid(kind, `${signatures.length} signatures, expected ${expected}`)
    const signedContent = encodeCanonical([kind, version, rawBody])
    return { kind, version, body, bytes, hash: hashOf(bytes), signedContent, signatures }
  }

  /** Reading back what was written keeps the rule that nothing is written which could not be read. */
  function assemble(content: SignedContent, signatures: readonly (Uint8Array | null)[]): Opened<Body> {
    return open(encodeCanonical([...content, [...signatures]]))
  }

  function requireName(body: Body, role: Role, key: VerifyingKey): void {
    const isDevice = 'id' in key
    if (isDevice !== (signers[role].key === 'device')) return refuse(`the ${role} signs with another kind of key`)
    const expected = signers[role].name(body)
    if (expected !== null && expected !== (isDevice ? key.id : key.fingerprint))
      return refuse(`the key is not that of the ${role} named in the body`)
  }

  function refuse(problem: string): never {
    throw new RecordError('SignatureInvalid', `${kind}: ${problem}`, { subject: kind })
  }

  async function addSignature(opened: Opened<Body>, role: Role, key: SigningKey): Promise<Opened<Body>> {
    const slot = rolesOf(opened.body).indexOf(role)
    if (slot === -1) return refuse(`the ${role} does not sign such a body`)
    requireName(opened.body, role, key.publicKey)
    const signature = await key.sign(label, opened.signedContent)
    const content = decodeCanonical(opened.signedContent, { maxBytes }) as SignedContent
    return assemble(content, opened.signatures.with(slot, signature))
  }

  return {
    kind,
    maxBytes,
    open,
    addSignature,

    async sign(body, keys) {
      const signing = rolesOf(body)
      const rawBody = versions[newest]!.encode(body, kind)
      const unsigned = signing.map(() => null)
      let opened = assemble([kind, newest, rawBody], unsigned)
      for (const role of signing) {
        const key = isSigningKey(keys) ? keys : keys[role]
        if (key !== undefined) opened = await addSignature(opened, role, key)
      }
      return opened
    },

    async verify(opened, role, key) {
      const slot = rolesOf(opened.body).indexOf(role)
      const signature = opened.signatures[slot]
      if (slot === -1 || signature === undefined) return refuse(`the ${role} does not sign such a body`)
      if (signature === null) return refuse(`the ${role} has not signed`)
      requireName(opened.body, role, key)
      if (!(await key.verify(label, opened.signedContent, signature)))
        return refuse(`signature of the ${role} is wrong`)
    },
  }
}

type SignedContent = [kind: string, version: number, body: CanonicalValue]

/** Takes the four items of a record apart, once its kind is the expected one. */
function openEnvelope(value: CanonicalValue, kind: string): [version: number, body: CanonicalValue, CanonicalValue] {
  if (!Array.isArray(value) || value.length !== 4) return invalid(kind, 'expected a list of 4 items')
  const [found, version, body, signatures] = value as [CanonicalValue, CanonicalValue, CanonicalValue, CanonicalValue]
  if (found !== kind) return invalid(kind, 'a record of another kind')
  if (typeof version !== 'number') return invalid(kind, 'version is not a number')
  return [version, body, signatures]
}

function isSigningKey(keys: object): keys is SigningKey {
  return 'publicKey' in keys
}
