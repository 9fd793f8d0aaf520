import { importRsaPublicKey, type RsaPublicKey } from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'

/** Keys remembered, each some KiB with what the platform keeps of it. */
const MAX_KEYS = 256

/** Keys by the text that was read, the one unused for longest first. One text always means one key. */
const known = new Map<string, RsaPublicKey>()

/**
 * Reads the public key of a document: an `ssh-rsa` line. Documents of one identity come again and again (a new revision
 * beside the old one, the same from several sources), and importing its key costs the platform more than a signature
 * check, so the last keys are remembered.
 *
 * @throws {IdentityError} `IdentityMalformed`, with the error of `@bitdust/crypto` as cause.
 */
export async function readPublicKey(text: string): Promise<RsaPublicKey> {
  const key = known.get(text) ?? (await importKey(text))
  known.delete(text)
  known.set(text, key)
  if (known.size > MAX_KEYS) known.delete(known.keys().next().value!)
  return key
}

async function importKey(text: string): Promise<RsaPublicKey> {
  if (!text.startsWith('ssh-rsa ')) throw new IdentityError('IdentityMalformed', 'public key is not an ssh-rsa line')
  try {
    return await importRsaPublicKey(text)
  } catch (cause) {
    throw new IdentityError('IdentityMalformed', 'public key is not acceptable', { cause })
  }
}
