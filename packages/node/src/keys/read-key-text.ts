import {
  type Fingerprint,
  importRsaPrivateKey,
  importRsaPublicKey,
  isPaperKey,
  type KeyFile,
  type RsaPrivateKey,
  type RsaPublicKey,
  readKeyFile,
  readPaperKey,
} from '@bitdust/crypto'
import { NodeError } from '../errors.ts'
import { openKeyEnvelope } from './key-envelope.ts'

/** A key with as many of its names as its file tells. */
export interface NamedKey {
  readonly key: RsaPrivateKey | RsaPublicKey
  /** `alias$user@host`, or the alias alone; null where nothing tells. A hint. */
  readonly keyId: string | null
  /** Who made it, where the file says so. A hint. */
  readonly creator: Fingerprint | null
  readonly generation: number
  readonly label: string | null
}

export interface ReadKeyTextOptions {
  /** Where the text came from: the original keeps the key id in the name of the file. */
  readonly fileName: string
  /** For what is protected by one. */
  readonly passphrase?: string | undefined
}

/**
 * Reads a key out of any text that people keep keys in: a key file of ours, a key typed from paper, PEM (PKCS#1, PKCS#8,
 * SPKI, also under a passphrase), an OpenSSH line, a key file or backup of the original.
 *
 * @throws {NodeError} `KeyMalformed`; {@link CryptoError} `KeyMalformed`, `KeyUnlockFailed`, `LimitExceeded`,
 *   `VersionUnsupported`.
 */
export async function readKeyText(text: string, { fileName, passphrase }: ReadKeyTextOptions): Promise<NamedKey> {
  const unlock = passphrase === undefined ? {} : { passphrase }
  if (isPaperKey(text)) return namedBy(await readPaperKey(text))
  const { format, keyId, label, body } = openKeyEnvelope(text, fileName)
  if (format === 'bitdust') return namedBy(await readKeyFile(body, unlock))
  return { key: await readBody(body, unlock), keyId, creator: null, generation: 1, label }
}

function namedBy({ key, keyId, creator, generation, label }: KeyFile): NamedKey {
  return { key, keyId, creator: creator ?? null, generation: generation ?? 1, label: label ?? null }
}

async function readBody(body: string, unlock: { readonly passphrase?: string }): Promise<RsaPrivateKey | RsaPublicKey> {
  if (body.includes('-----BEGIN OPENSSH PRIVATE KEY-----'))
    throw new NodeError(
      'KeyMalformed',
      'private keys in the form of OpenSSH are not read; make a copy of the file and turn that into PEM: ssh-keygen -p -m PEM -f COPY',
    )
  const isPrivate = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(body)
  return isPrivate ? importRsaPrivateKey(body, unlock) : importRsaPublicKey(body)
}
