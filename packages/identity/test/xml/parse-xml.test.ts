import { isBitdustError } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { parseXml } from '../../src/xml/parse-xml.ts'
import type { XmlRules } from '../../src/xml/xml-rules.ts'

const PLAIN: XmlRules = { syntax: 'plain', maxDepth: 4, maxElements: 64 }
const FULL: XmlRules = { syntax: 'full', maxDepth: 16, maxElements: 16_384 }
const KIB_64 = 64 * 1024

/** As many as fit into 64 KiB. */
function fill(piece: string, before = '<identity>', behind = '</identity>'): string {
  return before + piece.repeat(Math.floor((KIB_64 - before.length - behind.length) / piece.length)) + behind
}

describe('parsing XML', () => {
  test('gives elements, and the text directly inside each', () => {
    expect(parseXml('<a>1<b/>2<c>\r\n3</c></a>', PLAIN)).toEqual({
      name: 'a',
      text: '12',
      children: [
        { name: 'b', text: '', children: [] },
        { name: 'c', text: '\n3', children: [] },
      ],
    })
  })

  test.each<[string, string]>([
    ['opening tags', fill('<a>')],
    ['empty elements', fill('<a/>')],
    ['closing tags', fill('</a>')],
    ['pairs', fill('<a></a>')],
    ['ampersands', fill('&')],
    ['references', fill('&amp;')],
    ['half references', fill('&#')],
    ['long references', fill('&#1111111')],
    ['less-than signs', fill('<')],
    ['brackets', fill(']]')],
    ['dashes in a comment', fill('-', '<a><!--', '')],
    ['open comments', fill('<!--')],
    ['comments', fill('<!---->')],
    ['open CDATA sections', fill('<![CDATA[')],
    ['CDATA sections', fill('<![CDATA[]]>')],
    ['open instructions', fill('<?a ')],
    ['instructions', fill('<?a?>')],
    ['a name without end', fill('a', '<', '')],
    ['blanks in a tag', fill(' ', '<a', '')],
    ['blanks in a tag that ends wrongly', fill(' ', '<a', '!>')],
    ['attributes', fill(' b="c"', '<a', '/>')],
    ['attributes without end', fill(' b="c"', '<a', '')],
    ['attributes, the last one broken', fill(' b="c"', '<a', ' d=>')],
    ['an attribute without end', fill('b', '<a c="', '')],
    ['blanks round signs', fill(' ', '<a b', '=')],
    ['carriage returns', fill('\r')],
    ['DOCTYPEs', fill('<!DOCTYPE a>', '', '')],
  ])('T02 64 KiB of %s are judged in linear time', (_, xml) => {
    for (const rules of [PLAIN, FULL]) {
      let fastest = Number.POSITIVE_INFINITY
      for (let round = 0; round < 3; round++) {
        const start = process.cpuUsage()
        try {
          parseXml(xml, rules)
        } catch (error) {
          expect(isBitdustError(error, 'IdentityMalformed')).toBe(true)
        }
        const { user, system } = process.cpuUsage(start)
        fastest = Math.min(fastest, (user + system) / 1000)
      }
      expect(fastest).toBeLessThan(100)
    }
  })
})

describe('what the parser would read otherwise', () => {
  test.each<[string, string, string]>([
    ['text that looks like a number', '0x1F', '0x1F'],
    ['zeros in front', '007', '007'],
    ['an exponent', '1e5', '1e5'],
    ['a word of programs', 'true', 'true'],
    ['white space round a text', ' \t\u00a0a\u00a0\n', ' \t\u00a0a\u00a0\n'],
    ['nothing but white space', ' \n', ' \n'],
    ['line ends', 'a\r\nb\rc\r\n\r', 'a\nb\nc\n\n'],
    ['line ends in CDATA', '<![CDATA[a\r\nb]]>', 'a\nb'],
    ['a carriage return by reference', 'a&#13;&#xd;\r\n', 'a\r\r\n'],
    ['every predefined entity', '&amp;&lt;&gt;&quot;&apos;', `&<>"'`],
    ['decimal and hexadecimal references', '&#49;&#x4a;&#x4A;&#0065;&#x1F600;', '1JJA😀'],
    ['references to characters that HTML has other names for', '&#128;&#x85;&#xa9;', '\u0080\u0085©'],
    ['text that was escaped twice', '&amp;lt;&amp;#49;', '&lt;&#49;'],
    ['text that becomes a reference', '&#38;lt;', '&lt;'],
    ['markup in CDATA', '<![CDATA[<a>&amp;&#49;<!-- x -->]]>', '<a>&amp;&#49;<!-- x -->'],
    ['brackets in CDATA', '<![CDATA[]]]]><![CDATA[>]]>', ']]>'],
    ['empty CDATA', 'a<![CDATA[]]>b', 'ab'],
    ['CDATA between texts', '&lt;<![CDATA[&lt;]]>&lt;', '<&lt;<'],
    ['comments between texts', ' a<!-- > --> b<!----> ', ' a b '],
    ['instructions between texts', 'a<?x y?>b<?z?>c', 'abc'],
    ['a quotation mark in an instruction', 'a<?x don\'t ?>b<?y "?>c', 'abc'],
    ['the end of an instruction between quotation marks', 'a<?x "?>b<?y "?>c', 'abc'],
    ['attributes of an instruction', 'a<?x constructor="1" version="1.1"?>&#133;', 'a\u0085'],
  ])('%s', (_, xml, text) => {
    expect(parseXml(`<a>${xml}</a>`, FULL)).toEqual({ name: 'a', text, children: [] })
  })

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '_a', 'a:b', 'ñ.1-x'])(
    'an element named %s',
    (name) => {
      const node = (text: string) => ({ name, text, children: [] })
      const xml = `<a><${name}/><${name} /><${name} b="c"/><${name}></${name}><${name}\n>1</${name}\r\n></a>`
      expect(parseXml(xml, FULL).children).toEqual([node(''), node(''), node(''), node(''), node('1')])
    },
  )

  test('signs of a tag in the values of attributes', () => {
    const xml = `<a b="/"><c d='>' e="'/>" _="&amp;&#49;"/><f g="/" />1</a>`
    expect(parseXml(xml, FULL)).toEqual({
      name: 'a',
      text: '1',
      children: [
        { name: 'c', text: '', children: [] },
        { name: 'f', text: '', children: [] },
      ],
    })
  })

  test('comments, instructions and white space outside the root', () => {
    expect(parseXml('\r\n<!-- <b> --> <?x "?><a>1</a><?y?>\t<!---->', FULL)).toEqual({
      name: 'a',
      text: '1',
      children: [],
    })
  })

  test.each<[string, string]>([
    ['text before the root', 'x<a/>'],
    ['text behind the root', '<a/>x'],
    ['white space by reference outside the root', '<a/>&#32;'],
    ['CDATA before the root', '<![CDATA[ ]]><a/>'],
    ['CDATA behind the root', '<a/><![CDATA[]]>'],
    ['two roots', '<a/><a/>'],
    ['no root', ' '],
    ['a tag that closes another', '<a><b></a></b>'],
    ['a tag that closes nothing', '<a/></a>'],
    ['a tag inside that stays open', '<a><b></a>'],
    ['a tag that stays open', '<a>'],
    ['a name in the other case', '<a></A>'],
    ['blanks before a name', '<a>< b/></a>'],
    ['blanks before the name of a closing tag', '<a></ a>'],
    ['a blank in an empty tag', '<a><b/ ></a>'],
    ['a closing tag with an attribute', '<a></a b="c">'],
    ['an empty closing tag', '<a></a/>'],
    ['a name of the parser', '<a><#text>1</#text></a>'],
    ['a name that begins with a dot', '<a><.b/></a>'],
    ['a bare ampersand', '<a>&</a>'],
    ['an entity of HTML', '<a>&copy;</a>'],
    ['an upper-case X', '<a>&#X31;</a>'],
    ['a reference without a number', '<a>&#;</a>'],
    ['a reference to half a character', '<a>&#xd800;</a>'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>'],
    ['a reference that a comment splits', '<a>&am<!-- -->p;</a>'],
    ['a reference that an instruction splits', '<a>&am<?x?>p;</a>'],
    ['a reference that CDATA splits', '<a>&am<![CDATA[p]]>;</a>'],
    ['a reference to a control character', '<a>&#1;</a>'],
    ['a control character in a comment', '<a><!-- \u0001 --></a>'],
    [']]> in a text', '<a>]]></a>'],
    ['a comment that ends in three dashes', '<a><!-- ---></a>'],
    ['a comment of one sign', '<a><!--></a>'],
    ['a declaration inside', '<a><?xml version="1.0"?></a>'],
    ['an instruction without a name', '<a><??></a>'],
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['a DOCTYPE in lower case', '<!doctype a><a/>'],
    ['another declaration of markup', '<a><!ELEMENT a></a>'],
    ['an unknown entity in an attribute', '<a b="&c;"/>'],
    ['attributes without a blank between', '<a b="c"d="e"/>'],
    ['an attribute without a value', '<a b/>'],
    ['an attribute twice', '<a b="1" c="" b="1"/>'],
    ['less-than in an attribute', '<a b="<"/>'],
  ])('%s is refused', (_, xml) => {
    expect(() => parseXml(xml, FULL)).toThrow(expect.objectContaining({ code: 'IdentityMalformed' }))
  })

  test.each<[string, string]>([
    ['attributes', '<a b="c"/>'],
    ['upper-case names', '<A/>'],
    ['comments', '<a><!-- --></a>'],
    ['CDATA', '<a><![CDATA[]]></a>'],
    ['instructions', '<a><?x?></a>'],
    ['numeric references', '<a>&#49;</a>'],
  ])('plain XML has no %s', (_, xml) => {
    expect(parseXml(xml, FULL).children).toEqual([])
    expect(() => parseXml(xml, PLAIN)).toThrow(expect.objectContaining({ code: 'IdentityMalformed' }))
  })

  test.each([PLAIN, FULL])('depth and number are bounded exactly, $syntax', (rules) => {
    const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    const many = (count: number) => `<a>${'<b/>'.repeat(count - 1)}</a>`
    expect(parseXml(nested(rules.maxDepth), rules).name).toBe('a')
    expect(() => parseXml(nested(rules.maxDepth + 1), rules)).toThrow(/deeper/)
    expect(parseXml(many(rules.maxElements), rules).children).toHaveLength(rules.maxElements - 1)
    expect(() => parseXml(many(rules.maxElements + 1), rules)).toThrow(/more than/)
  })
})
