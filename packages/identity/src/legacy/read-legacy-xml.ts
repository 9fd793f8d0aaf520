import { utf8Decode } from '@bitdust/crypto'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { MAX_IDENTITY_BYTES } from '../document/limits.ts'
import { IdentityError } from '../errors.ts'

const LISTS = { sources: 'source', contacts: 'contact', certificates: 'certificate', scrubbers: 'scrubber' } as const
const TEXTS = ['postage', 'date', 'version', 'revision', 'publickey', 'signature'] as const
const MAX_NESTED_TAGS = 16

/** An identity file of the original as it stands in the XML: texts trimmed, empty list items dropped, nothing checked. */
export interface LegacyElements extends Readonly<Record<keyof typeof LISTS, readonly string[]>> {
  /** Null where the element is missing. */
  readonly text: (name: (typeof TEXTS)[number]) => string | null
}

/** What the parser returns with `preserveOrder`: one object per node, keyed by the name of the tag or `#text`. */
type ParsedNode = { readonly [name: string]: unknown }

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
  htmlEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_NESTED_TAGS,
})

/**
 * Reads an identity file the way the original does: any order, unknown elements, attributes and comments passed over.
 * What could harm the reader is refused all the same: size, DOCTYPE, entities of one's own, several roots, depth.
 *
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function readLegacyXml(bytes: Uint8Array): LegacyElements {
  if (bytes.length > MAX_IDENTITY_BYTES)
    throw malformed(`document is ${bytes.length} bytes, limit is ${MAX_IDENTITY_BYTES}`)
  const text = decode(bytes).trim()
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw malformed('document holds a DOCTYPE')
  if (XMLValidator.validate(text) !== true) throw malformed('document is not well-formed XML')
  const roots = parse(text).filter((node) => !isBlankText(node))
  const [root] = roots
  if (root === undefined || roots.length > 1 || root.identity === undefined)
    throw malformed('document has not exactly one root <identity>')
  const children = root.identity as readonly ParsedNode[]
  const texts = new Map(TEXTS.map((name) => [name, textOf(children, name)]))
  const list = (name: keyof typeof LISTS) => listOf(children, name)
  return {
    sources: list('sources'),
    contacts: list('contacts'),
    certificates: list('certificates'),
    scrubbers: list('scrubbers'),
    text: (name) => texts.get(name) ?? null,
  }
}

function listOf(children: readonly ParsedNode[], name: keyof typeof LISTS): readonly string[] {
  const items = only(children, name) ?? []
  return items
    .filter((node) => node[LISTS[name]] !== undefined)
    .map((node) => joinText(node[LISTS[name]] as readonly ParsedNode[]))
    .filter((text) => text !== '')
}

function textOf(children: readonly ParsedNode[], name: string): string | null {
  const found = only(children, name)
  return found === null ? null : joinText(found)
}

/** The contents of the element of this name. Two of them could be read in two ways, so they are refused. */
function only(children: readonly ParsedNode[], name: string): readonly ParsedNode[] | null {
  const found = children.filter((node) => node[name] !== undefined)
  if (found.length > 1) throw malformed(`element <${name}> appears twice`)
  return (found[0]?.[name] as readonly ParsedNode[] | undefined) ?? null
}

function joinText(nodes: readonly ParsedNode[]): string {
  return nodes
    .map((node) => node['#text'] ?? '')
    .join('')
    .trim()
}

function isBlankText(node: ParsedNode): boolean {
  return typeof node['#text'] === 'string' && node['#text'].trim() === ''
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes)
  } catch (cause) {
    throw malformed('document is not UTF-8', cause)
  }
}

function parse(text: string): readonly ParsedNode[] {
  try {
    return parser.parse(text) as readonly ParsedNode[]
  } catch (cause) {
    throw malformed('document is not well-formed XML', cause)
  }
}

function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('IdentityMalformed', message, cause === undefined ? {} : { cause })
}
