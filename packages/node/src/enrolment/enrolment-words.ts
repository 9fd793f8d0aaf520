import { type Fingerprint, wordsOf } from '@bitdust/crypto'
import { enrolmentHash, enrolmentWordsHash } from '@bitdust/records'

/** 66 bits: more than anybody can search for another identity, or another request, that has the same words. */
const WORDS = 6

/** What both sides of an enrolment show and compare. It differs for every other request and every other owner. */
export function enrolmentWords(request: Uint8Array, owner: Fingerprint): string {
  return wordsOf(enrolmentWordsHash({ request: enrolmentHash(request), owner }), WORDS)
}
