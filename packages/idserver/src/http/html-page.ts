import { sha256, toBase64, utf8Encode } from '@bitdust/crypto'
import type { Answer } from './answer.ts'

/** Everything that the pages look like. Long values break anywhere, so that nobody's value widens the page. */
const STYLE = `
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark }
h1 { font-size: 1.4rem }
dt { margin-top: 1rem; font-weight: 600 }
dd { margin: 0 }
code, li { overflow-wrap: anywhere }
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
