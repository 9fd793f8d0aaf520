import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { basename } from 'node:path'
import { type Fingerprint, inspectKeyFile, parseFingerprint, sha256, toHex } from '@bitdust/crypto'
import { formatKeyId, parseKeyId, readLegacyKey } from '@bitdust/identity'
import * as v from 'valibot'
import { NodeError } from './errors.ts'

/** Longest key file that is read, in characters. */
const MAX_KEY_CHARACTERS = 64 * 1024

/** What a key file says, without the key. */
export interface KeyDescription {
  /** Whose file it is: ours, the original's JSON, or a bare PEM or OpenSSH text. */
  readonly format: 'bitdust' | 'original' | 'pem' | 'openssh'
  /** `alias$user@host`; null where neither the file nor its name tells. */
  readonly keyId: string | null
  readonly kind: 'private' | 'public'
  readonly bits: number
  /** SHA-256 over the SubjectPublicKeyInfo. */
  readonly fingerprint: Fingerprint
  readonly label: string | null
}

/** Key files of the original (`original-bitdust.md` 3.2), stored and as sent to others (3.4). */
const OriginalFile = v.object({ body: v.string(), label: v.optional(v.string()), key_id: v.optional(v.string()) })
const OriginalTransfer = v.object({
  key_id: v.string(),
  public: v.string(),
  private: v.optional(v.string()),
  label: v.optional(v.string()),
})

/**
 * Describes a key file of ours or of the original. Looks; decides nothing, and never shows the private part.
 *
 * @param fileName - Where the text came from: the original keeps the key id in the name of the file.
 * @throws {NodeError} `KeyMalformed`; {@link CryptoError} for a damaged file of ours.
 */
export async function inspectKey(text: string, fileName: string): Promise<KeyDescription> {
  if (text.length > MAX_KEY_CHARACTERS) throw malformed(`a key file has at most ${MAX_KEY_CHARACTERS} characters`)
  const trimmed = text.trim()
  const named = keyIdIn(basename(fileName).replace(/\.(private|public|key|pem)$/, ''))
  if (!trimmed.startsWith('{'))
    return {
      format: trimmed.startsWith('ssh-rsa') ? 'openssh' : 'pem',
      keyId: named,
      label: null,
      ...(await readBody(trimmed)),
    }
  const json = parseJson(trimmed)
  if (typeof json === 'object' && json !== null && 'format' in json) {
    const { keyId, kind, bits, fingerprint, label } = inspectKeyFile(text)
    return { format: 'bitdust', keyId, kind, bits, fingerprint, label: label ?? null }
  }
  const stored = v.safeParse(OriginalFile, json)
  if (stored.success) {
    const { body, label, key_id: id } = stored.output
    return {
      format: 'original',
      keyId: id === undefined ? named : keyIdIn(id),
      label: label ?? null,
      ...(await readBody(body.trim())),
    }
  }
  const sent = v.safeParse(OriginalTransfer, json)
  if (!sent.success) throw malformed('the file is JSON, but no key file of a form that is known')
  const { key_id: id, public: publicText, private: privateText, label } = sent.output
  const body = privateText === undefined || privateText === '' ? publicText : privateText
  return { format: 'original', keyId: keyIdIn(id), label: label ?? null, ...(await readBody(body.trim())) }
}

async function readBody(body: string): Promise<Pick<KeyDescription, 'kind' | 'bits' | 'fingerprint'>> {
  if (body.startsWith('ssh-rsa')) {
    const { bits, fingerprint } = await readLegacyKey(body)
    return { kind: 'public', bits, fingerprint }
  }
  if (!body.startsWith('-----BEGIN')) throw malformed('the file holds neither PEM nor an ssh-rsa line')
  const kind = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(body) ? 'private' : 'public'
  const key = importPem(body, kind)
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (key.asymmetricKeyType !== 'rsa' || bits === undefined) throw malformed('the key is not an RSA key')
  const spki = createPublicKey(kind === 'private' ? key.export({ format: 'pem', type: 'pkcs8' }) : body).export({
    format: 'der',
    type: 'spki',
  })
  return { kind, bits, fingerprint: parseFingerprint(toHex(sha256(spki))) }
}

function importPem(body: string, kind: KeyDescription['kind']): KeyObject {
  try {
    return kind === 'private' ? createPrivateKey(body) : createPublicKey(body)
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(body)
    throw malformed(
      isEncrypted ? 'the key is protected by a passphrase; import it to unlock it' : 'the PEM text is damaged',
      cause,
    )
  }
}

function keyIdIn(text: string): string | null {
  try {
    return text.includes('$') || text.includes('@') ? formatKeyId(parseKeyId(text)) : null
  } catch {
    return null
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('the file begins like JSON, but is none', cause)
  }
}

function malformed(message: string, cause?: unknown): NodeError {
  return new NodeError('KeyMalformed', message, cause === undefined ? {} : { cause })
}
