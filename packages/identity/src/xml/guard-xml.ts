import { isXmlText } from './characters.ts'
import { malformed } from './malformed.ts'
import { checkReferences } from './references.ts'
import type { XmlRules } from './xml-rules.ts'

const PLAIN_TAG = /<(\/?)([a-z]{1,20})[ \t\r\n]*(\/?)>/y
/** Name characters of XML 1.0, simplified to letters and digits of any script. */
const NAME = '[\\p{L}_:][\\p{L}\\p{N}_:.\\-]*'
const ATTRIBUTE = `[ \\t\\r\\n]+(${NAME})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^<"]*)"|'([^<']*)')`
const FULL_TAG = new RegExp(`<(/?)(${NAME})((?:${ATTRIBUTE})*)[ \\t\\r\\n]*(/?)>`, 'uy')
const ATTRIBUTES = new RegExp(ATTRIBUTE, 'gu')
/** The target of a processing instruction that is none: a second declaration, or no name. */
const NO_INSTRUCTION = /^<\?(?:xml(?![\p{L}\p{N}_:.-])|[^\p{L}_:])/iu

/**
 * Looks at the text behind the XML declaration before any parser does, token by token, in time linear in its length,
 * and refuses all that the rules do not take or that is not well-formed: a general parser, made to forgive, takes bare
 * ampersands, unknown entities, `]]>`, tags that do not match and text outside the root. How many roots there are is for
 * the caller to see.
 *
 * @returns The text for the parser: without processing instructions, in which parsers look for quotes that mean nothing.
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function guardXml(text: string, rules: XmlRules): string {
  if (!isXmlText(text)) throw malformed('document holds control characters')
  const open: string[] = []
  let elements = 0
  let kept = ''
  let keptUntil = 0
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('<', at)
    const start = end < 0 ? text.length : end
    checkText(text.slice(at, start), open.length > 0, rules)
    if (start === text.length) break
    const aside = rules.syntax === 'full' ? readAside(text, start, open.length > 0) : undefined
    if (aside?.isInstruction) {
      kept += text.slice(keptUntil, start)
      keptUntil = aside.end
    }
    if (aside !== undefined) {
      at = aside.end
      continue
    }
    const tag = readTag(text, start, rules)
    at = tag.end
    if (tag.closes) {
      if (open.pop() !== tag.name) throw malformed(`document is not well-formed XML at </${tag.name}>`)
      continue
    }
    elements += 1
    if (elements > rules.maxElements) throw malformed(`document has more than ${rules.maxElements} elements`)
    if (open.length >= rules.maxDepth) throw malformed(`document is deeper than ${rules.maxDepth}`)
    if (!tag.isEmpty) open.push(tag.name)
  }
  if (open.length > 0) throw malformed(`document is not well-formed XML: <${open.at(-1)}> is not closed`)
  return kept + text.slice(keptUntil)
}

function checkText(text: string, isInside: boolean, rules: XmlRules): void {
  if (!isInside && /[^ \t\r\n]/.test(text)) throw malformed('document holds text outside its root')
  if (text.includes(']]>')) throw malformed('document is not well-formed XML: ]]> in a text')
  checkReferences(text, rules)
}

interface Aside {
  readonly isInstruction: boolean
  readonly end: number
}

/** A comment, CDATA section or processing instruction; undefined for anything else. */
function readAside(text: string, at: number, isInside: boolean): Aside | undefined {
  if (text.startsWith('<!--', at)) {
    const end = text.indexOf('--', at + 4)
    if (end < 0 || text[end + 2] !== '>') throw malformed('document holds a comment that is not well-formed')
    return { isInstruction: false, end: end + 3 }
  }
  if (text.startsWith('<![CDATA[', at)) {
    const end = text.indexOf(']]>', at)
    if (end < 0) throw malformed('document holds a CDATA section without end')
    if (!isInside) throw malformed('document holds text outside its root')
    return { isInstruction: false, end: end + 3 }
  }
  if (!text.startsWith('<?', at)) return undefined
  const end = text.indexOf('?>', at)
  if (end < 0 || NO_INSTRUCTION.test(text.slice(at, at + 6)))
    throw malformed('document holds a processing instruction that is not well-formed')
  return { isInstruction: true, end: end + 2 }
}

interface Tag {
  readonly name: string
  readonly closes: boolean
  readonly isEmpty: boolean
  readonly end: number
}

function readTag(text: string, at: number, rules: XmlRules): Tag {
  const form = rules.syntax === 'plain' ? PLAIN_TAG : FULL_TAG
  form.lastIndex = at
  const match = form.exec(text)
  const [whole, slash, name] = match ?? []
  if (whole === undefined || name === undefined) throw malformed(ruleBrokenAt(text, at))
  const closes = slash === '/'
  const isEmpty = match?.at(-1) === '/'
  const attributes = rules.syntax === 'full' ? (match?.[3] ?? '') : ''
  if (closes && (isEmpty || attributes !== ''))
    throw malformed(`document is not well-formed XML at ${whole.slice(0, 40)}`)
  if (attributes !== '') checkAttributes(attributes, rules)
  return { name, closes, isEmpty, end: at + whole.length }
}

/** They mean nothing to us, but what is not well-formed is read by everybody in his own way. */
function checkAttributes(text: string, rules: XmlRules): void {
  const names = new Set<string>()
  for (const [, name = '', quoted, apostrophed] of text.matchAll(ATTRIBUTES)) {
    if (names.has(name)) throw malformed('document is not well-formed XML: an attribute appears twice')
    names.add(name)
    checkReferences(quoted ?? apostrophed ?? '', rules)
  }
}

function ruleBrokenAt(text: string, at: number): string {
  if (text.startsWith('<!', at)) return 'document holds a DOCTYPE, comment or CDATA section'
  if (text.startsWith('<?', at)) return 'document holds a processing instruction'
  return 'document is not well-formed XML: a tag with attributes, a namespace or an odd name'
}
