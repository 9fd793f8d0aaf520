import type { Answer } from '../http/answer.ts'
import { etagMatches, formatEtag } from '../http/etag.ts'
import { HTML_HEADERS } from '../http/html-page.ts'
import { identityPage } from '../http/identity-page.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'
import { findDocument } from './find-document.ts'
import { openStored } from './open-stored.ts'

/**
 * One identity as a page for people; 304 when the asker has it already.
 *
 * @param ifNoneMatch - The header of that name, `null` when absent.
 */
export async function serveIdentityPage(
  store: Pick<IdentityFileStore, 'get'>,
  host: string,
  name: string,
  ifNoneMatch: string | null,
): Promise<Answer> {
  const bytes = await findDocument(store, name)
  // Weak: the same document, but a newer server may show it in another way.
  const etag = `W/${formatEtag(bytes)}`
  if (etagMatches(ifNoneMatch, etag)) return { status: 304, headers: { ...HTML_HEADERS, etag }, body: null }
  return identityPage({ name, host, document: await openStored(bytes, name), etag })
}
