import { decodeDocument } from '../xml/decode-document.ts'
import { malformed } from '../xml/malformed.ts'
import { parseXml, type XmlNode } from '../xml/parse-xml.ts'

/** An element: either with elements inside, or with text. Text is decoded and trimmed. */
export interface XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** Empty for an element with children. */
  readonly text: string
}

const RULES = { syntax: 'plain', maxDepth: 4, maxElements: 64 } as const
const DECLARATION = /^<\?xml version="1\.0"(?: encoding="utf-8")?(?: standalone="(?:yes|no)")?[ ]?\?>/i
/** XML white space; a value never holds any other control character either. */
const OUTER_SPACE = /^[ \t\r\n]+|[ \t\r\n]+$/g

/**
 * Reads the small part of XML that identity documents use (`threats.md` A7): elements with lower-case names and text.
 * Everything else is refused: DOCTYPE, comments, CDATA, processing instructions, attributes, namespaces, entities but
 * the five predefined ones, control characters, depth and number.
 *
 * @param bytes - UTF-8, at most 64 KiB.
 * @returns The root element.
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function readXml(bytes: Uint8Array): XmlElement {
  const body = decodeDocument(bytes).replace(DECLARATION, '')
  checkCharacters(body)
  return readElement(parseXml(body, RULES))
}

function checkCharacters(text: string): void {
  // Tab, line feed and carriage return lay a document out; everything else of that kind hides something.
  if (/[^\P{Cc}\t\n\r]|[\u{FEFF}\u{FFFE}\u{FFFF}]/u.test(text)) throw malformed('document holds control characters')
}

function readElement({ name, children, text: raw }: XmlNode): XmlElement {
  const text = raw.replaceAll(OUTER_SPACE, '')
  if (children.length > 0 && text !== '') throw malformed(`<${name}> mixes text and elements`)
  if (/[\t\n\r]/.test(text)) throw malformed(`<${name}> holds more than one line`)
  return { name, children: children.map(readElement), text }
}
