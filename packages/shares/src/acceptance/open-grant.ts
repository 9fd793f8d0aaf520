import { importRsaPrivateKey, isBitdustError, type RsaPrivateKey } from '@bitdust/crypto'
import { type Caller, checkAlias, MASTER_ALIAS } from '@bitdust/identity'
import { type Grant, grantRecord, openGrantedKey } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import { GRANT_LIFE_MS } from '../limits.ts'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, Identities, ShareSelf } from '../ports.ts'

/** A grant to us and what was sealed in it. */
export interface OpenedGrant {
  readonly body: Grant
  /** The record. */
  readonly bytes: Uint8Array
  readonly key: RsaPrivateKey
  /** A name for people, chosen by the owner. */
  readonly label: string
}

/** What judging a grant needs. */
export interface VerifyGrantOptions extends CallOptions {
  readonly self: ShareSelf
  readonly identities: Identities
  /** Who brought it. */
  readonly caller: Pick<Caller, 'fingerprint' | 'identity'>
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/**
 * Judges a grant that arrived: brought and signed by whoever made the key, meant for us, of now, by the identity that its
 * IDURL stands for (`threats.md` A12).
 *
 * @throws {ShareError} `WrongAudience` when it is for somebody else; `KeyGrantInvalid` for whatever else is wrong with
 * it. What the resolver throws when nobody can tell whose the IDURL is comes through.
 */
export async function verifyGrant(
  bytes: Uint8Array,
  { self, identities, caller, now, signal }: VerifyGrantOptions,
): Promise<OpenedGrant> {
  const record = await judged('the record', async () => grantRecord.open(bytes))
  const { owner, ownerIdurl, alias, member, rights, created } = record.body
  if (member !== self.fingerprint) throw new ShareError('WrongAudience', 'the grant is for somebody else')
  if (owner !== caller.fingerprint) throw invalid('it was not brought by whoever made the key', caller.fingerprint)
  await judged('the signature', () => grantRecord.verify(record, 'owner', caller.identity.publicKey))
  if (owner === self.fingerprint) throw invalid('the share is our own')
  if (alias === MASTER_ALIAS) throw invalid('a master key is nobody else’s')
  await judged('the alias', async () => checkAlias(alias))
  if (rights.length === 0) throw invalid('it gives no right')
  if (Math.abs(now - created) > GRANT_LIFE_MS) throw invalid(`it was made at ${created}, it is ${now} here (ms)`)
  const named = await identities.resolve(ownerIdurl, { signal })
  if (named.fingerprint !== owner) throw invalid(`${ownerIdurl} is not the address of whoever made the key`, owner)
  return openGrant(bytes, self)
}

/**
 * Opens a grant to us that was verified before.
 *
 * @throws {ShareError} `KeyGrantInvalid` when it cannot be opened, or no key is inside.
 */
export async function openGrant(bytes: Uint8Array, self: Pick<ShareSelf, 'masterKey'>): Promise<OpenedGrant> {
  const masterKey = requireMasterKey(self, 'accept shares')
  return judged('what is sealed', async () => {
    const { body } = grantRecord.open(bytes)
    const { privateKey, label } = await openGrantedKey(masterKey, body)
    try {
      return { body, bytes, key: await importRsaPrivateKey(privateKey), label }
    } finally {
      privateKey.fill(0)
    }
  })
}

/** Whatever a lower layer finds wrong with a part of the grant makes the grant invalid. */
async function judged<T>(part: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new ShareError('KeyGrantInvalid', `grant: ${part}: ${cause.message}`, { cause })
  }
}

function invalid(problem: string, culprit?: string): ShareError {
  return new ShareError('KeyGrantInvalid', `grant: ${problem}`, culprit === undefined ? {} : { culprit })
}
