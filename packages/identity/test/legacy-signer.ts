import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The values of an identity file of the original, as they are signed. */
export interface LegacyFields {
  readonly sources: readonly string[]
  readonly contacts: readonly string[]
  readonly scrubbers: readonly string[]
  readonly postage: string
  readonly date: string
  readonly version: string
  readonly revision: string
}

/** How the file writes what is not the same as what was signed. */
export type Written = Partial<Omit<LegacyFields, 'sources' | 'contacts' | 'scrubbers'>> & {
  readonly publickey?: string
  readonly signature?: string
}

const [vector] = (
  JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/original/identities-good.json'), 'utf8')) as {
    items: [{ private_key_pem: string; public_key_openssh: string; sources: string[]; contacts: string[] }]
  }
).items

/** The key of the first vector; thrown away by whoever made it. */
export const legacyKey: { readonly pem: string; readonly line: string } = {
  pem: vector.private_key_pem,
  line: vector.public_key_openssh,
}

export const legacyFields: LegacyFields = {
  sources: vector.sources,
  contacts: vector.contacts,
  scrubbers: [],
  postage: '1',
  date: 'Nov 21, 2026',
  version: '',
  revision: '0',
}

/**
 * An identity file as the original writes it, signed as it signs (`original-bitdust.md` 1.2). Only tests can: nothing
 * of ours signs with SHA-1.
 *
 * @param written - Text that stands in the file in place of the signed value; not escaped.
 */
export function legacyXml(changes: Partial<LegacyFields> = {}, written: Written = {}, key = legacyKey): string {
  const fields = { ...legacyFields, ...changes }
  const { sources, contacts, scrubbers, postage, date, version, revision } = fields
  const text = `-${[sources.join('-'), contacts.join('-'), scrubbers.join('-'), postage, date.replaceAll(' ', '_'), version, revision].join('-')}`
  const shown = { publickey: key.line, signature: signLegacy(text, key.pem), ...fields, ...written }
  const list = (name: string, item: string, items: readonly string[]) =>
    `  <${name}>${items.map((value) => `\n    <${item}>${value}</${item}>`).join('')}\n  </${name}>\n`
  return `<?xml version="1.0" encoding="utf-8"?>
<identity>
${list('sources', 'source', sources)}${list('contacts', 'contact', contacts)}  <certificates/>
${list('scrubbers', 'scrubber', scrubbers)}  <postage>${shown.postage}</postage>
  <date>${shown.date}</date>
  <version>${shown.version}</version>
  <revision>${shown.revision}</revision>
  <publickey>${shown.publickey}</publickey>
  <signature>${shown.signature}</signature>
</identity>`
}

/** PKCS#1 v1.5 with SHA-1 over the SHA-1 of the text, as a decimal number. */
function signLegacy(text: string, pem: string): string {
  const signature = sign('sha1', createHash('sha1').update(text).digest(), createPrivateKey(pem))
  return BigInt(`0x${signature.toString('hex')}`).toString()
}

/** The modulus of a key in PEM. */
export function modulusOf(pem: string): bigint {
  const { n = '' } = createPublicKey(pem).export({ format: 'jwk' })
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
}
