import { type Fingerprint, isBitdustError } from '@bitdust/crypto'
import { openIdentity } from '../document/open-identity.ts'
import type { AddressOptions } from '../names/address.ts'
import { openLegacyIdentity } from './open-legacy-identity.ts'
import { readLegacyXml } from './read-legacy-xml.ts'

/** What can be said of a file that claims to be an identity. */
export interface IdentityVerdict {
  /** Whose rules the signature follows; null when it follows none. */
  readonly scheme: 'modern' | 'legacy' | null
  readonly valid: boolean
  /** Why it is not valid; null when it is. */
  readonly code: 'IdentityMalformed' | 'IdentitySignatureInvalid' | null
  /** As they stand in the file, valid or not; null when it cannot be read. */
  readonly sources: readonly string[] | null
  readonly contacts: readonly string[] | null
  /** Of the key that signed; null when none did. */
  readonly fingerprint: Fingerprint | null
}

/** Judges a file by the modern rules and then by the original's. Never throws for what is in the bytes. */
export async function verifyIdentity(bytes: Uint8Array, options: AddressOptions = {}): Promise<IdentityVerdict> {
  const modern = await attempt(() => openIdentity(bytes, options))
  if ('value' in modern) return verdict('modern', modern.value)
  const legacy = await attempt(() => openLegacyIdentity(bytes))
  if ('value' in legacy) return verdict('legacy', legacy.value)
  const isSigned = [modern, legacy].some(({ code }) => code === 'IdentitySignatureInvalid')
  const claimed = await attempt(async () => readLegacyXml(bytes))
  const { sources, contacts } = 'value' in claimed ? claimed.value : { sources: null, contacts: null }
  return {
    scheme: null,
    valid: false,
    code: isSigned ? 'IdentitySignatureInvalid' : 'IdentityMalformed',
    sources,
    contacts,
    fingerprint: null,
  }
}

function verdict(
  scheme: 'modern' | 'legacy',
  {
    sources,
    contacts,
    fingerprint,
  }: { readonly sources: readonly string[]; readonly contacts: readonly string[]; readonly fingerprint: Fingerprint },
): IdentityVerdict {
  return { scheme, valid: true, code: null, sources, contacts, fingerprint }
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly value: T } | { readonly code: string }> {
  try {
    return { value: await work() }
  } catch (error) {
    if (isBitdustError(error)) return { code: error.code }
    throw error
  }
}
