/** What a visitor reads for each code, in words that say what to do. */
const TEXTS = {
  KeyMalformed: 'This file holds no key of BitDust.',
  KeyUnlockFailed: 'The passphrase does not open this key file.',
  IdurlForbidden: 'This is no IDURL that the site may ask: it must be http(s)://host/name.xml on a public server.',
  NotFound: 'There is no identity at this IDURL.',
  Timeout: 'The server of this IDURL does not answer. Try again later.',
  IdentityMalformed: 'What stands at this IDURL is no identity.',
  IdentitySignatureInvalid: 'What stands at this IDURL was not signed by its own key.',
  IdentityKeyChanged: 'This IDURL shows another key than before, so its server lies or the name has a new owner.',
  IdentityRollback: 'The server of this IDURL shows an older identity than before. Update it and try again.',
  IdentitySourcesDisagree: 'The servers of this identity contradict each other. Try again later.',
  IdentityNameTaken: 'This name is taken. Try again.',
  SignatureInvalid: 'This key is not the one of this identity.',
  WrongAudience: 'This answer was signed for another site.',
  WrongOrigin: 'This request came from another site.',
  ChallengeExpired: 'This took too long. Try again.',
  ChallengeUnknown: 'This site never asked for this answer. Try again.',
  ReplayDetected: 'This answer was used before.',
  SiteSilent: 'This site does not answer. Try again.',
  RateLimited: 'Too many attempts. Try again in a minute.',
}

/** What to show for an error: what it means, and its code. */
export function refusalText({ code = 'Internal', message }) {
  return `${TEXTS[code] ?? message} (${code})`
}
