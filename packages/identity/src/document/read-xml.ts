import { utf8Decode } from '@bitdust/crypto'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { IdentityError } from '../errors.ts'
import { MAX_IDENTITY_BYTES } from './limits.ts'

/** An element: either with elements inside, or with text. Text is decoded and trimmed. */
export interface XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** Empty for an element with children. */
  readonly text: string
}

const MAX_DEPTH = 4
const MAX_ELEMENTS = 64

const DECLARATION = /^<\?xml version="1\.0"(?: encoding="utf-8")?(?: standalone="(?:yes|no)")?[ ]?\?>/i
const TAG = /<(\/?)[a-z]{1,20}[ \t\r\n]*(\/?)>/y
const PREDEFINED_ENTITY = /&(?:amp|lt|gt|quot|apos);/y
/** XML white space; a value never holds any other control character either. */
const OUTER_SPACE = /^[ \t\r\n]+|[ \t\r\n]+$/g

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: true,
  htmlEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 2 * MAX_DEPTH,
})

/**
 * Reads the small part of XML that identity documents use (`threats.md` A7): elements with lower-case names and text.
 * Everything else is refused by looking at the text, before any parser sees it: declarations, comments, CDATA, processing
 * instructions, attributes, namespaces, entities but the five predefined ones, control characters, depth and number.
 *
 * @param bytes - UTF-8, at most {@link MAX_IDENTITY_BYTES}.
 * @returns The root element.
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function readXml(bytes: Uint8Array): XmlElement {
  if (bytes.length > MAX_IDENTITY_BYTES) {
    throw malformed(`document is ${bytes.length} bytes, limit is ${MAX_IDENTITY_BYTES}`)
  }
  const text = decodeText(bytes)
  const body = text.replace(DECLARATION, '')
  checkCharacters(body)
  checkEntities(body)
  checkTags(body)
  if (XMLValidator.validate(body) !== true) throw malformed('document is not well-formed XML')
  const roots = readNodes(parse(body))
  const [root] = roots.elements
  if (root === undefined || roots.elements.length > 1 || roots.text !== '')
    throw malformed('document has not exactly one root')
  return root
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes)
  } catch (cause) {
    throw malformed('document is not UTF-8', cause)
  }
}

function checkCharacters(text: string): void {
  // Tab, line feed and carriage return lay a document out; everything else of that kind hides something.
  if (/[^\P{Cc}\t\n\r]/u.test(text) || /[\u{FEFF}\u{FFFE}\u{FFFF}]/u.test(text))
    throw malformed('document holds control characters')
}

function checkEntities(text: string): void {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    PREDEFINED_ENTITY.lastIndex = at
    if (!PREDEFINED_ENTITY.test(text)) throw malformed('document uses an entity that is not predefined')
  }
}

/** Every `<` must begin a plain tag; what opens and closes is counted on the way. */
function checkTags(text: string): void {
  let depth = 0
  let elements = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    TAG.lastIndex = at
    const tag = TAG.exec(text)
    if (tag === null) throw malformed(ruleBrokenAt(text, at))
    const closes = tag[1] === '/'
    const empty = tag[2] === '/'
    if (!closes) elements += 1
    if (elements > MAX_ELEMENTS) throw malformed(`document has more than ${MAX_ELEMENTS} elements`)
    if (depth + (closes ? 0 : 1) > MAX_DEPTH) throw malformed(`document is deeper than ${MAX_DEPTH}`)
    if (closes) depth -= 1
    else if (!empty) depth += 1
  }
}

function ruleBrokenAt(text: string, at: number): string {
  if (text.startsWith('<!', at)) return 'document holds a DOCTYPE, comment or CDATA section'
  if (text.startsWith('<?', at)) return 'document holds a processing instruction'
  return 'document holds a tag with attributes, a namespace or an odd name'
}

/** What the parser returns with `preserveOrder`: one object per node, keyed by the name of the tag or `#text`. */
type ParsedNode = { readonly [name: string]: unknown }

function parse(text: string): readonly ParsedNode[] {
  try {
    return parser.parse(text) as readonly ParsedNode[]
  } catch (cause) {
    throw malformed('document is not well-formed XML', cause)
  }
}

function readNodes(nodes: readonly ParsedNode[]): { elements: XmlElement[]; text: string } {
  const elements: XmlElement[] = []
  let text = ''
  for (const node of nodes) {
    for (const [name, value] of Object.entries(node)) {
      if (name === '#text') text += String(value)
      else elements.push(readElement(name, value as readonly ParsedNode[]))
    }
  }
  return { elements, text: text.replaceAll(OUTER_SPACE, '') }
}

function readElement(name: string, nodes: readonly ParsedNode[]): XmlElement {
  const { elements, text } = readNodes(nodes)
  if (elements.length > 0 && text !== '') throw malformed(`<${name}> mixes text and elements`)
  if (/[\t\n\r]/.test(text)) throw malformed(`<${name}> holds more than one line`)
  return { name, children: elements, text }
}

function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('IdentityMalformed', message, cause === undefined ? {} : { cause })
}
