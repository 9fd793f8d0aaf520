import { decodeDocument } from '../xml/decode-document.ts'
import { malformed } from '../xml/malformed.ts'
import { parseXml, type XmlNode } from '../xml/parse-xml.ts'

const LISTS = { sources: 'source', contacts: 'contact', certificates: 'certificate', scrubbers: 'scrubber' } as const
const TEXTS = ['postage', 'date', 'version', 'revision', 'publickey', 'signature'] as const
const RULES = { syntax: 'full', maxDepth: 16, maxElements: 16_384 } as const
const DECLARATION =
  /^<\?xml[ \t\r\n]+version=["']1\.0["'](?:[ \t\r\n]+encoding=["']([A-Za-z0-9._-]+)["'])?(?:[ \t\r\n]+standalone=["'](?:yes|no)["'])?[ \t\r\n]*\?>/
/** Encodings in which ASCII means what it means in UTF-8. UTF-16 and UTF-7 are none of them. */
const ASCII_ENCODING = /^(?:us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d)$/i
/** What the original strips round every text: white space of any script, but no byte order mark. */
const SPACE = '[\\t\\n\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+'
const OUTER_SPACE = new RegExp(`^${SPACE}|${SPACE}$`, 'g')

/** An identity file of the original as it stands in the XML: texts trimmed, empty list items dropped, nothing checked. */
export interface LegacyElements extends Readonly<Record<keyof typeof LISTS, readonly string[]>> {
  /** Null where the element is missing. */
  readonly text: (name: (typeof TEXTS)[number]) => string | null
}

/**
 * Reads an identity file the way the original does: any order; unknown elements, attributes, comments passed over.
 * What could harm the reader, or be read in two ways, is refused all the same: size, DOCTYPE, entities of one's own,
 * another encoding, several roots, depth, an element twice, elements inside a value.
 *
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function readLegacyXml(bytes: Uint8Array): LegacyElements {
  const root = parseXml(withoutDeclaration(decodeDocument(bytes)), RULES)
  if (root.name !== 'identity') throw malformed(`root element is <${root.name.slice(0, 20)}>, expected <identity>`)
  const texts = new Map(TEXTS.map((name) => [name, textOf(root.children, name)]))
  const list = (name: keyof typeof LISTS) => listOf(root.children, name)
  return {
    sources: list('sources'),
    contacts: list('contacts'),
    certificates: list('certificates'),
    scrubbers: list('scrubbers'),
    text: (name) => texts.get(name) ?? null,
  }
}

function withoutDeclaration(text: string): string {
  const start = text.replace(/^\u{FEFF}/u, '').replaceAll(/^[ \t\r\n]+/g, '')
  const [declaration = '', encoding = 'utf-8'] = DECLARATION.exec(start) ?? []
  const isUtf8 = /^utf-?8$/i.test(encoding)
  const isAscii = ASCII_ENCODING.test(encoding) && /^\p{ASCII}*$/u.test(start)
  if (!isUtf8 && !isAscii) throw malformed(`document says that it is ${encoding}, expected utf-8`)
  return start.slice(declaration.length)
}

function listOf(children: readonly XmlNode[], name: keyof typeof LISTS): readonly string[] {
  const items = only(children, name)?.children ?? []
  return items
    .filter((item) => item.name === LISTS[name])
    .map(readValue)
    .filter((text) => text !== '')
}

function textOf(children: readonly XmlNode[], name: string): string | null {
  const found = only(children, name)
  return found === null ? null : readValue(found)
}

/** The element of this name. Two of them could be read in two ways, so they are refused. */
function only(children: readonly XmlNode[], name: string): XmlNode | null {
  const [first, second] = children.filter((child) => child.name === name)
  if (second !== undefined) throw malformed(`element <${name}> appears twice`)
  return first ?? null
}

function readValue({ name, children, text }: XmlNode): string {
  if (children.length > 0) throw malformed(`<${name}> holds elements, expected text`)
  return text.replaceAll(OUTER_SPACE, '')
}
