import { XMLParser } from 'fast-xml-parser'
import { guardXml } from './guard-xml.ts'
import { malformed } from './malformed.ts'
import { decodeReferences } from './references.ts'
import type { XmlRules } from './xml-rules.ts'

/** An element as it stands in the text: what it holds is neither trimmed nor judged. */
export interface XmlNode {
  readonly name: string
  readonly children: readonly XmlNode[]
  /** The character data directly inside, joined; references decoded, line ends made `\n`. */
  readonly text: string
}

/** What the parser returns with `preserveOrder`: one object per node, keyed by the marked name of the tag or by a kind. */
type ParsedNode = { readonly [key: string]: string | readonly ParsedNode[] }

const TEXT = '#text'
const CDATA = '#cdata'
/** Before every name, because the parser refuses or changes some: `constructor`, `__proto__`, `toString`. No name begins so. */
const MARK = '.'

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  // It knows fewer references than XML, and drops what some stand for.
  processEntities: false,
  textNodeName: TEXT,
  cdataPropName: CDATA,
  // Names of empty elements come by twice.
  transformTagName: (name) => (name.startsWith(MARK) ? name : MARK + name),
  jPath: false,
})

/**
 * Reads the text behind the XML declaration: judged by `guardXml`, then parsed.
 *
 * @returns The root element.
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function parseXml(text: string, rules: XmlRules): XmlNode {
  const [root, ...others] = readNode('', parse(guardXml(text, rules))).children
  if (root === undefined || others.length > 0) throw malformed('document has not exactly one root')
  return root
}

function parse(text: string): readonly ParsedNode[] {
  try {
    return parser.parse(text) as readonly ParsedNode[]
  } catch (cause) {
    throw malformed('document is not well-formed XML', cause)
  }
}

function readNode(name: string, parsed: readonly ParsedNode[]): XmlNode {
  const children: XmlNode[] = []
  let text = ''
  for (const node of parsed) {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'string') text += decodeReferences(value)
      else if (key === CDATA) text += value.map((part) => part[TEXT]).join('')
      else children.push(readNode(key.slice(MARK.length), value))
    }
  }
  return { name, children, text }
}
