import type { Answer } from '../http/answer.ts'
import { indexPage } from '../http/index-page.ts'
import { NAMES_PER_PAGE } from '../limits/limits.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'

/**
 * One page of the list of names.
 *
 * @param after - The last name of the page before; `null` for the first page. Any text will do: it is only compared.
 */
export async function serveIndex(
  store: Pick<IdentityFileStore, 'list'>,
  host: string,
  after: string | null,
): Promise<Answer> {
  // One more than is shown tells whether another page follows.
  const page = { limit: NAMES_PER_PAGE + 1, ...(after === null ? {} : { after }) }
  const names = await Array.fromAsync(store.list(page))
  const shown = names.slice(0, NAMES_PER_PAGE)
  const next = names.length > shown.length ? shown.at(-1)! : null
  return indexPage({ host, names: shown, first: after === null, next })
}
