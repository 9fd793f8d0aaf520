import { isXmlText } from './characters.ts'
import { malformed } from './malformed.ts'
import type { XmlRules } from './xml-rules.ts'

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const FORM = '&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));'
const REFERENCE_HERE = new RegExp(FORM, 'y')
const REFERENCES = new RegExp(FORM, 'g')

/**
 * Refuses text in which an ampersand is anything but the beginning of a reference that these rules take.
 *
 * @throws {IdentityError} `IdentityMalformed`, naming the rule.
 */
export function checkReferences(text: string, { syntax }: XmlRules): void {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    REFERENCE_HERE.lastIndex = at
    const [reference, entity, decimal, hex] = REFERENCE_HERE.exec(text) ?? []
    if (reference === undefined || (syntax === 'plain' && entity === undefined))
      throw malformed('document uses an entity that is not predefined')
    if (!isCharacter(codeOf(entity, decimal, hex)))
      throw malformed('document refers to a character that XML does not have')
  }
}

/** The characters that text stands for. {@link checkReferences} must have let it pass. */
export function decodeReferences(text: string): string {
  return text.replaceAll(REFERENCES, (_, entity?: string, decimal?: string, hex?: string) =>
    String.fromCodePoint(codeOf(entity, decimal, hex)),
  )
}

function codeOf(entity = '', decimal?: string, hex = ''): number {
  return PREDEFINED[entity]?.codePointAt(0) ?? (decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
}

function isCharacter(code: number): boolean {
  const isSurrogate = code >= 0xd800 && code < 0xe000
  return code <= 0x10ffff && !isSurrogate && isXmlText(String.fromCodePoint(code))
}
