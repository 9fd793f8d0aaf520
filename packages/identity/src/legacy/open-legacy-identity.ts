import { type Fingerprint, utf8Encode } from '@bitdust/crypto'
import { MAX_SOURCES } from '../document/limits.ts'
import { IdentityError } from '../errors.ts'
import { readLegacyKey } from './legacy-key.ts'
import { type LegacyElements, readLegacyXml } from './read-legacy-xml.ts'

/**
 * An identity file of the original, verified by its own rules. Enough to show it and to contact its owner; not to pin
 * over a modern document, to authorise, or to be given anything: its fields can be shifted under one signature, and
 * certificates and the key are not signed at all (`threats.md` section 3).
 */
export interface LegacyIdentity {
  readonly scheme: 'legacy'
  readonly sources: readonly string[]
  readonly contacts: readonly string[]
  readonly scrubbers: readonly string[]
  readonly postage: string
  readonly date: string
  readonly version: string
  readonly revision: number
  /** The key as the document writes it, an OpenSSH line. */
  readonly publicKey: string
  readonly bits: number
  readonly fingerprint: Fingerprint
}

/**
 * Opens an identity file of the original: form, then signature. Only reads; nothing of ours writes this form.
 *
 * @param bytes - UTF-8, at most 64 KiB.
 * @throws {IdentityError} `IdentityMalformed` (a bad key's `KeyMalformed` as cause) before `IdentitySignatureInvalid`.
 * @see `original-bitdust.md` 1.1 to 1.3
 */
export async function openLegacyIdentity(bytes: Uint8Array): Promise<LegacyIdentity> {
  const elements = readLegacyXml(bytes)
  const { sources, contacts, scrubbers } = elements
  checkSources(sources)
  if (contacts.length === 0) throw malformed('document has no contact')
  const revision = readRevision(elements.text('revision'))
  const publicKey = elements.text('publickey') ?? ''
  const key = await readLegacyKey(publicKey).catch((cause: unknown) => {
    throw malformed('public key is not acceptable', cause)
  })
  const postage = elements.text('postage') ?? '1'
  const date = elements.text('date') ?? ''
  const version = elements.text('version') ?? ''
  if (
    !(await key.verify(
      signedText({ sources, contacts, scrubbers, postage, date, version, revision }),
      elements.text('signature') ?? '',
    ))
  )
    throw new IdentityError('IdentitySignatureInvalid', `${sources[0]}: signature does not match the key inside`)
  const { bits, fingerprint } = key
  return {
    scheme: 'legacy',
    sources,
    contacts,
    scrubbers,
    postage,
    date,
    version,
    revision,
    publicKey,
    bits,
    fingerprint,
  }
}

/** The text under the signature: fields joined by `-`, spaces of the date as underscores, key and certificates left out. */
function signedText(
  fields: Pick<LegacyIdentity, 'sources' | 'contacts' | 'scrubbers' | 'postage' | 'date' | 'version' | 'revision'>,
): Uint8Array {
  const { sources, contacts, scrubbers, postage, date, version, revision } = fields
  const parts = [
    sources.join('-'),
    contacts.join('-'),
    scrubbers.join('-'),
    postage,
    date.replaceAll(' ', '_'),
    version,
    revision,
  ]
  return utf8Encode(`-${parts.join('-')}`)
}

function checkSources(sources: LegacyElements['sources']): void {
  if (sources.length === 0 || sources.length > MAX_SOURCES)
    throw malformed(`document has ${sources.length} sources, expected 1 to ${MAX_SOURCES}`)
  if (new Set(sources).size < sources.length) throw malformed('document names a source twice')
  const names = sources.map(nameIn)
  const other = names.findIndex((name) => name !== names[0])
  if (other >= 0) throw malformed(`source ${sources[other]} has another name than ${sources[0]}`)
}

/** The user name in a source: its file lies directly under the host and is called `name.xml`. */
function nameIn(source: string): string {
  const match = /^https?:\/\/[^/\s?#@\\\p{C}]+\/([a-z0-9_-]{3,20})\.xml$/u.exec(source)
  if (match?.[1] !== undefined) return match[1]
  throw malformed(`source ${JSON.stringify(source.slice(0, 200))} is not an address of an identity file`)
}

function readRevision(text: string | null): number {
  if (text === null || text === '') return 0
  const revision = Number(text)
  if (/^-?[0-9]{1,15}$/.test(text) && String(revision) === text) return revision
  throw malformed('revision is not a plain decimal number')
}

function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('IdentityMalformed', message, cause === undefined ? {} : { cause })
}
