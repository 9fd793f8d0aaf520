import { utf8Encode } from '@bitdust/crypto'
import type { XmlElement } from './read-xml.ts'

const HEADER = '<?xml version="1.0" encoding="utf-8"?>\n'
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Writes a document the way the originals look: a declaration, two spaces a level, `<name/>` for the empty. UTF-8. */
export function writeXml(root: XmlElement): Uint8Array {
  return utf8Encode(`${HEADER}${format(root, '')}\n`)
}

function format({ name, children, text }: XmlElement, indent: string): string {
  if (children.length > 0) {
    const inner = children.map((child) => format(child, `${indent}  `)).join('\n')
    return `${indent}<${name}>\n${inner}\n${indent}</${name}>`
  }
  if (text === '') return `${indent}<${name}/>`
  return `${indent}<${name}>${text.replaceAll(/[&<>]/g, (character) => ESCAPES[character] ?? '')}</${name}>`
}
