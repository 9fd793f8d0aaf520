import { sha256, toBase64, utf8Encode } from '@bitdust/crypto'
import type { Answer } from './answer.ts'

/** Everything that the pages look like. Long values break anywhere, so that nobody's value widens the page. */
const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e4e8ee); --soft: light-dark(#5d6b7c, #9aa7b6); --line: light-dark(#dde3ea, #333c48); --link: light-dark(#0b5cad, #7ab8ff) }
body { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.25rem; color: var(--ink); background: light-dark(#fff, #161b22); font: 1rem/1.55 system-ui, sans-serif }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere }
p { margin: 0 0 1.5rem; color: var(--soft) }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .2em }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
ul { columns: 13rem; column-gap: 2rem; margin: 0; padding: 1rem 0; border-block: 1px solid var(--line); list-style: none }
li { break-inside: avoid; overflow-wrap: anywhere }
li a { text-decoration: none }
li a + a { margin-left: .5rem; color: var(--soft); font-size: .75rem }
dl { margin: 0 0 1.5rem; border-top: 1px solid var(--line) }
dl div { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 3fr); gap: 0 1.5rem; padding: .6rem 0; border-bottom: 1px solid var(--line) }
dt { grid-row: span 99; color: var(--soft) }
dd { grid-column: 2; margin: 0; overflow-wrap: anywhere }
nav { display: flex; gap: 1.5rem; margin-top: 1rem }
@media (max-width: 34rem) { dl div { display: block } }
`

/**
 * No script runs, nothing is loaded, no form is sent, no other page shows this one in a frame. The one style is known by
 * its hash, so that a value that broke out of the text could not even change colours.
 */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${toBase64(sha256(utf8Encode(STYLE)))}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'sandbox',
].join('; ')

/** Headers of every page for people. */
export const HTML_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
}

/**
 * A page for people, without scripts.
 *
 * @param title - Plain text.
 * @param content - HTML; every value of others in it went through {@link escapeHtml}.
 */
export function htmlPage(title: string, content: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const heading = escapeHtml(title)
  const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${heading}</h1>
${content}
</body>
</html>
`
  return { status: 200, headers: { ...HTML_HEADERS, ...headers }, body: utf8Encode(html) }
}

/**
 * Plain text as HTML, for element content and quoted attributes. Characters that cannot be seen, or that turn the
 * direction of what follows, are shown by their numbers.
 */
export function escapeHtml(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `⟨U+${hexOf(character)}⟩`)
    .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function hexOf(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
}
