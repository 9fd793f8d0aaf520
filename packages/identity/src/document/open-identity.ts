import { LABELS } from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import { type Idurl, parseIdurl } from '../names/idurl.ts'
import { parseSignature } from './decimal-signature.ts'
import type { IdentityDocument } from './identity-document.ts'
import {
  MAX_CERTIFICATE_CHARACTERS,
  MAX_CERTIFICATES,
  MAX_CONTACT_CHARACTERS,
  MAX_CONTACTS,
  MAX_PUBLIC_KEY_CHARACTERS,
  MAX_SCRUBBERS,
  MAX_SOURCES,
  MAX_TEXT_CHARACTERS,
} from './limits.ts'
import { readPublicKey } from './read-public-key.ts'
import { readXml, type XmlElement } from './read-xml.ts'
import { isListElement, LIST_ITEMS, SIGNED_ELEMENTS, signedMessage } from './signed-message.ts'

const ELEMENTS: readonly string[] = [...SIGNED_ELEMENTS, 'signature']
/** Older documents carry no revision; they count as revision 0. */
const OPTIONAL_ELEMENTS: readonly string[] = ['revision']

/**
 * Opens an identity document: reads it and checks that the key inside signed every element.
 *
 * Whether the document was served by one of its own sources, is the newest, or belongs to who it was asked for is not
 * decided here: see `createResolver`.
 *
 * @param bytes - UTF-8, at most 64 KiB. Copied.
 * @throws {IdentityError} `IdentityMalformed` (naming the rule; a source that breaks the rules of IDURLs or is private
 *   has an `IdurlForbidden` as cause, a bad key the error of `@bitdust/crypto`) before `IdentitySignatureInvalid`.
 * @see `threats.md` A7, T01 to T04, T08
 */
export async function openIdentity(bytes: Uint8Array, options: AddressOptions = {}): Promise<IdentityDocument> {
  const elements = readElements(bytes)
  const list = (name: keyof typeof LIST_ITEMS, maxItems: number, maxCharacters: number) =>
    readList(elements.get(name), maxItems, maxCharacters)
  const text = (name: string, maxCharacters: number) => readText(elements.get(name), maxCharacters)
  const sources = readSources(list('sources', MAX_SOURCES, MAX_CONTACT_CHARACTERS), options)
  const fields = {
    contacts: list('contacts', MAX_CONTACTS, MAX_CONTACT_CHARACTERS),
    sources,
    certificates: list('certificates', MAX_CERTIFICATES, MAX_CERTIFICATE_CHARACTERS),
    scrubbers: list('scrubbers', MAX_SCRUBBERS, MAX_CONTACT_CHARACTERS),
    postage: text('postage', MAX_TEXT_CHARACTERS),
    date: text('date', MAX_TEXT_CHARACTERS),
    version: text('version', MAX_TEXT_CHARACTERS),
    revision: readRevision(elements.get('revision')),
  }
  const publicKey = await readPublicKey(text('publickey', MAX_PUBLIC_KEY_CHARACTERS))
  const signature = elements.get('signature')?.text ?? ''
  const message = signedMessage((name) => elements.get(name))
  if (!(await publicKey.verify(LABELS.identity, message, parseSignature(signature, publicKey)))) {
    throw new IdentityError('IdentitySignatureInvalid', `${sources[0]}: signature does not match the key inside`)
  }
  return { ...fields, publicKey, fingerprint: publicKey.fingerprint, signature, bytes: bytes.slice() }
}

/** Known elements once each, none missing but the optional. */
function readElements(bytes: Uint8Array): ReadonlyMap<string, XmlElement> {
  const root = readXml(bytes)
  if (root.name !== 'identity') throw malformed(`root element is <${root.name}>, expected <identity>`)
  const elements = new Map<string, XmlElement>()
  for (const element of root.children) {
    if (!ELEMENTS.includes(element.name)) throw malformed(`unknown element <${element.name}>`)
    if (elements.has(element.name)) throw malformed(`element <${element.name}> appears twice`)
    elements.set(element.name, element)
    checkShape(element)
  }
  const missing = ELEMENTS.find((name) => !elements.has(name) && !OPTIONAL_ELEMENTS.includes(name))
  if (missing !== undefined) throw malformed(`element <${missing}> is missing`)
  return elements
}

function checkShape({ name, children, text }: XmlElement): void {
  if (!isListElement(name)) {
    if (children.length > 0) throw malformed(`<${name}> holds elements, expected text`)
    return
  }
  if (text !== '') throw malformed(`<${name}> holds text, expected a list`)
  const item = LIST_ITEMS[name]
  const odd = children.find((child) => child.name !== item || child.children.length > 0 || child.text === '')
  if (odd !== undefined) throw malformed(`<${name}> holds something else than non-empty <${item}>`)
}

function readList(element: XmlElement | undefined, maxItems: number, maxCharacters: number): readonly string[] {
  const items = element?.children ?? []
  if (items.length > maxItems) throw malformed(`<${element?.name}> has ${items.length} items, limit is ${maxItems}`)
  return items.map((item) => readText(item, maxCharacters))
}

function readText(element: XmlElement | undefined, maxCharacters: number): string {
  const text = element?.text ?? ''
  if (text.length > maxCharacters) {
    throw malformed(`<${element?.name}> has ${text.length} characters, limit is ${maxCharacters}`)
  }
  return text
}

function readSources(texts: readonly string[], options: AddressOptions): readonly Idurl[] {
  const sources = texts.map((text) => readSource(text, options))
  const [first] = sources
  if (first === undefined) throw malformed('document has no source')
  if (new Set(sources).size < sources.length) throw malformed('document names a source twice')
  const file = fileOf(first)
  const other = sources.find((source) => fileOf(source) !== file)
  if (other !== undefined) throw malformed(`source ${other} has another name than ${first}`)
  return sources
}

/** `/name.xml` */
function fileOf(source: Idurl): string {
  return source.slice(source.lastIndexOf('/'))
}

function readSource(text: string, options: AddressOptions): Idurl {
  try {
    return parseIdurl(text, options)
  } catch (cause) {
    throw malformed(`source ${JSON.stringify(text)} is not an acceptable IDURL`, cause)
  }
}

function readRevision(element: XmlElement | undefined): number {
  if (element === undefined) return 0
  const revision = Number(element.text)
  if (/^(?:0|[1-9][0-9]{0,15})$/.test(element.text) && Number.isSafeInteger(revision)) return revision
  throw malformed('revision is not a plain decimal number below 2^53')
}

function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('IdentityMalformed', message, cause === undefined ? {} : { cause })
}
