import type { IdentityDocument } from '@bitdust/identity'

/** Stands in every file of a site but the identity itself, so that a later export knows its own files again. */
export const SITE_MARK = 'Written by: bitdust identity export-site'

/** The page for people that names the one identity of a site. */
export function siteIndex(name: string): string {
  const user = escapeHtml(name)
  return page('Identities', `<ul><li><a href="${user}.html">${user}</a> (<a href="${user}.xml">XML</a>)</li></ul>`)
}

/** The page for people: what the signed document says. */
export function sitePage(name: string, document: IdentityDocument): string {
  const { sources, contacts, fingerprint, publicKey, revision, date } = document
  const rows = [
    row('Addresses', sources.map(code)),
    row('Contacts', contacts.map(code)),
    row('Fingerprint of the key', [code(fingerprint.match(/.{1,4}/g)?.join(' ') ?? '')]),
    row('Key', [`RSA, ${publicKey.bits} bits`]),
    row('Revision', [`${revision}, ${escapeHtml(date)}`]),
  ]
  const user = escapeHtml(name)
  return page(
    user,
    `<dl>\n${rows.join('\n')}\n</dl>\n<p>The key above signed <a href="${user}.xml">the document</a>.</p>`,
  )
}

/** What whoever runs the web server has to know. */
export function siteReadme(name: string): string {
  return `${SITE_MARK}

Put ${name}.xml, index.html and ${name}.html into the top folder of the web site, so that the site
serves ${name}.xml at https://YOUR.SITE/${name}.xml, byte for byte as it is. Editors, minifiers and
template engines must not touch it: it is signed.

  - No redirect: the address is part of what was signed, so readers follow none.
  - Content-Type: application/xml. Readers of BitDust take any type, browsers show it with this one.
  - Access-Control-Allow-Origin: * lets pages of other sites read it; it is public anyway.
  - Cache-Control: no-cache, or a few minutes at most. A stale copy counts as behind.

nginx:

  location = /${name}.xml {
    default_type application/xml;
    add_header Access-Control-Allow-Origin *;
    add_header Cache-Control no-cache;
  }

Whenever the identity changes the files have to be replaced; "bitdust status" tells when the site is
behind. This README need not be on the site.
`
}

function page(title: string, content: string): string {
  return `<!DOCTYPE html>
<!-- ${SITE_MARK} -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
${content}
</body>
</html>
`
}

function row(term: string, values: readonly string[]): string {
  const shown = values.length === 0 ? ['none'] : values
  return `<dt>${term}</dt>\n${shown.map((value) => `<dd>${value}</dd>`).join('\n')}`
}

function code(text: string): string {
  return `<code dir="ltr">${escapeHtml(text)}</code>`
}

/** Plain text as HTML; what cannot be seen, or turns the direction of what follows, is left out. */
function escapeHtml(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
