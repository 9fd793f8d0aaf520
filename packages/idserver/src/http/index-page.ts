import type { Answer } from './answer.ts'
import { escapeHtml, htmlPage } from './html-page.ts'

export interface IndexPage {
  /** The server's own host. */
  readonly host: string
  /** User names, in order. */
  readonly names: readonly string[]
  /** Whether this is the page where the list begins. */
  readonly first: boolean
  /** The last name shown, when more follow. */
  readonly next: string | null
}

/** The page for people at `/`: which identities this server has. */
export function indexPage({ host, names, first, next }: IndexPage): Answer {
  const items = names
    .map(escapeHtml)
    .map((name) => `<li><a href="/${name}.html">${name}</a> <a href="/${name}.xml">XML</a></li>`)
  const list = items.length === 0 ? '<p>None.</p>' : `<ul>\n${items.join('\n')}\n</ul>`
  const links = [
    ...(first ? [] : ['<a href="/">Start</a>']),
    ...(next === null ? [] : [`<a href="/?after=${encodeURIComponent(next)}" rel="next">More</a>`]),
  ]
  const nav = links.length === 0 ? '' : `\n<nav>${links.join(' ')}</nav>`
  const about = '<p>Each is signed by its own key. This server can hold one back, but not change it.</p>'
  return htmlPage(`Identities at ${host}`, `${about}\n${list}${nav}`)
}
