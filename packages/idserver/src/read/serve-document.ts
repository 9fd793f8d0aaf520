import type { Answer } from '../http/answer.ts'
import { etagMatches, formatEtag } from '../http/etag.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'
import { findDocument } from './find-document.ts'

/**
 * One document, byte for byte as it was accepted; 304 when the asker has it already.
 *
 * @param ifNoneMatch - The header of that name, `null` when absent.
 */
export async function serveDocument(
  store: Pick<IdentityFileStore, 'get'>,
  name: string,
  ifNoneMatch: string | null,
): Promise<Answer> {
  const bytes = await findDocument(store, name)
  const etag = formatEtag(bytes)
  // An identity may change at any moment: keep it, but ask every time, which costs 304 and no body.
  const headers = { etag, 'cache-control': 'no-cache' }
  if (etagMatches(ifNoneMatch, etag)) return { status: 304, headers, body: null }
  return { status: 200, headers: { ...headers, 'content-type': 'application/xml' }, body: bytes }
}
