import { formatPaperKey, type KeyFile, parseFingerprint, writeKeyFile } from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import { primaryOf } from '../wiring/devices.ts'
import { findKey } from './find-key.ts'
import type { KeyHolder } from './key-holder.ts'
import { type FoundKey, rowOf } from './key-row.ts'
import { openKey } from './open-key.ts'

export interface ExportKeyOptions {
  /** Our key file, PEM (PKCS#8 or SPKI), or an OpenSSH line, which is always the public part. */
  readonly form: 'bitdust' | 'pem' | 'openssh'
  readonly part: 'private' | 'public'
  /** Protects a private key in our own form. */
  readonly passphrase?: string | undefined
}

/** A key as text. */
export interface ExportedKey {
  readonly keyId: string
  readonly kind: 'private' | 'public'
  readonly text: string
  /** Of the master key: with both, an identity can be restored. */
  readonly idurl: Idurl | null
}

/** Writes a key as text. @throws {NodeError} `NotFound`, `Unauthorized`; see `findKey` and `openKey`. */
export async function exportKey(holder: KeyHolder, name: string, options: ExportKeyOptions): Promise<ExportedKey> {
  const found = await findKey(holder, name)
  const kind = options.form === 'openssh' ? 'public' : options.part
  const { keyId } = rowOf(holder, found)
  const idurl = found === 'master' ? primaryOf(holder.document()) : null
  return { keyId, kind, text: await textOf(holder, found, { ...options, part: kind }), idurl }
}

/** Writes a private key as lines for paper. @throws As {@link exportKey}. */
export async function printKey(holder: KeyHolder, name: string): Promise<Pick<ExportedKey, 'keyId' | 'text'>> {
  const found = await findKey(holder, name)
  const { requirePrivate } = await openKey(holder, found)
  const names = namesOf(holder, found)
  return {
    keyId: names.keyId,
    text: await formatPaperKey({ ...names, kind: 'private', key: requirePrivate('print it') }),
  }
}

async function textOf(
  holder: KeyHolder,
  found: FoundKey,
  { form, part, passphrase }: ExportKeyOptions,
): Promise<string> {
  const { publicKey, requirePrivate } = await openKey(holder, found)
  const names = namesOf(holder, found)
  if (form === 'openssh') return `${publicKey.toOpenSsh()} ${names.keyId}\n`
  if (part === 'public')
    return form === 'pem' ? publicKey.toPem() : writeKeyFile({ ...names, kind: 'public', key: publicKey })
  const key = requirePrivate('export it')
  if (form === 'pem') return key.toPem('pkcs8')
  return writeKeyFile({ ...names, kind: 'private', key }, passphrase === undefined ? {} : { passphrase })
}

function namesOf(holder: KeyHolder, found: FoundKey): Pick<KeyFile, 'keyId' | 'creator' | 'generation' | 'label'> {
  const { keyId, creator, generation, label } = rowOf(holder, found)
  return {
    keyId,
    creator: parseFingerprint(creator),
    ...(generation === 1 ? {} : { generation }),
    ...(label === null ? {} : { label }),
  }
}
