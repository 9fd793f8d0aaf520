import type { IdentityDocument } from '@bitdust/identity'
import type { Answer } from './answer.ts'
import { escapeHtml, htmlPage } from './html-page.ts'

export interface IdentityPage {
  readonly name: string
  /** The server's own host. */
  readonly host: string
  readonly document: IdentityDocument
  /** Of the page. */
  readonly etag: string
}

/** The page for people at `/name.html`: what the signed document says. */
export function identityPage({ name, host, document, etag }: IdentityPage): Answer {
  const { sources, contacts, certificates, fingerprint, publicKey, revision, date, version } = document
  const rows = [
    // Sources are checked addresses that begin with http:// or https://; nothing else of a stranger becomes a link.
    row('Addresses', sources.map(linkTo)),
    row('Contacts', contacts.map(code)),
    row('Fingerprint of the key', [code(groupsOfFour(fingerprint))]),
    row('Key', [`RSA, ${publicKey.bits} bits`]),
    row('Devices', [String(certificates.length)]),
    row('Revision', [String(revision)]),
    row('Written', [escapeHtml(date)]),
    row('Software', [escapeHtml(version)]),
  ]
  const content = `<p>The key below signed <a href="/${escapeHtml(name)}.xml">the document</a>. This server can hold it back, but not change it.</p>
<dl>
${rows.join('\n')}
</dl>
<nav><a href="/">All identities</a></nav>`
  return htmlPage(`${name} at ${host}`, content, { etag })
}

function row(term: string, values: readonly string[]): string {
  const shown = values.length === 0 ? ['none'] : values
  return `<div>\n<dt>${term}</dt>\n${shown.map((value) => `<dd>${value}</dd>`).join('\n')}\n</div>`
}

function code(text: string): string {
  return `<code dir="ltr">${escapeHtml(text)}</code>`
}

function linkTo(address: string): string {
  const text = escapeHtml(address)
  return `<a href="${text}" rel="nofollow noreferrer"><code dir="ltr">${text}</code></a>`
}

/** Easier to compare by eye. */
function groupsOfFour(hex: string): string {
  return hex.match(/.{1,4}/g)?.join(' ') ?? ''
}
