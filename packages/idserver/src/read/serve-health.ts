import { type Answer, jsonAnswer } from '../http/answer.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'

/** Tells that the server answers and its store can be read. A store that fails makes the answer an error. */
export async function serveHealth(store: Pick<IdentityFileStore, 'list'>): Promise<Answer> {
  for await (const _name of store.list({ limit: 1 })) break
  return jsonAnswer(200, { code: 'Ok', message: 'this ID-server works' })
}
