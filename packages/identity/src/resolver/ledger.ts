import { type Fingerprint, parseFingerprint, utf8Decode, utf8Encode } from '@bitdust/crypto'
import type { IdentityDocument } from '../document/identity-document.ts'
import { openIdentity } from '../document/open-identity.ts'
import { IdentityError } from '../errors.ts'
import { createLock } from '../lock.ts'
import type { AddressOptions } from '../names/address.ts'
import type { Idurl } from '../names/idurl.ts'
import type { IdentityStore } from './identity-store.ts'

/** Documents kept in memory; the others are read from the store again. */
const MAX_DOCUMENTS_IN_MEMORY = 1000

/** What is known about identities, and the rules by which it changes (`threats.md` A6). */
export interface Ledger {
  /** The newest document of a key, or undefined. A damaged copy counts as none: the pins still guard the key. */
  known(fingerprint: Fingerprint): Promise<IdentityDocument | undefined>
  /** The key that an IDURL was seen to have. */
  pinOf(idurl: Idurl): Promise<Fingerprint | undefined>
  /** @see Resolver.accept */
  accept(bytes: Uint8Array, servedBy?: Idurl): Promise<{ document: IdentityDocument; isNew: boolean }>
  /** First source of the newest document seen by this process. */
  primary(fingerprint: Fingerprint): Idurl | undefined
  forgetPin(idurl: Idurl): Promise<void>
}

export function createLedger(store: IdentityStore, options: AddressOptions): Ledger {
  const documents = new Map<Fingerprint, IdentityDocument>()
  const primaries = new Map<Fingerprint, Idurl>()
  // Comparing with what is known and replacing it must not interleave.
  const exclusively = createLock()

  function remember(document: IdentityDocument): void {
    documents.delete(document.fingerprint)
    documents.set(document.fingerprint, document)
    primaries.set(document.fingerprint, primaryOf(document))
    const [oldest] = documents.keys()
    if (documents.size > MAX_DOCUMENTS_IN_MEMORY && oldest !== undefined) documents.delete(oldest)
  }

  async function known(fingerprint: Fingerprint): Promise<IdentityDocument | undefined> {
    const inMemory = documents.get(fingerprint)
    if (inMemory !== undefined) return inMemory
    const bytes = await store.get(documentKey(fingerprint))
    if (bytes === null || bytes.length === 0) return undefined
    // It was accepted under the settings of its day; whether a private address may be contacted is checked elsewhere.
    const document = await openIdentity(bytes, { allowPrivate: true }).catch(() => undefined)
    if (document?.fingerprint !== fingerprint) return undefined
    remember(document)
    return document
  }

  async function pinOf(idurl: Idurl): Promise<Fingerprint | undefined> {
    const bytes = await store.get(pinKey(idurl))
    return bytes === null || bytes.length === 0 ? undefined : parseFingerprint(utf8Decode(bytes))
  }

  async function acceptOpened(document: IdentityDocument, servedBy: Idurl | undefined) {
    const isPinned = servedBy !== undefined && (await checkPin(servedBy, document.fingerprint))
    if (servedBy !== undefined && !isPinned && !document.sources.includes(servedBy)) {
      throw new IdentityError(
        'IdentitySourcesDisagree',
        `${servedBy} serves an identity that does not name it as a source`,
        {
          culprit: servedBy,
        },
      )
    }
    await checkPin(primaryOf(document), document.fingerprint)
    const before = await known(document.fingerprint)
    if (before !== undefined) checkOrder(before, document, servedBy)
    const isNew = before === undefined || document.revision > before.revision
    if (isNew) await store.put(documentKey(document.fingerprint), document.bytes)
    if (servedBy !== undefined && !isPinned) await store.put(pinKey(servedBy), utf8Encode(document.fingerprint))
    const newest = isNew ? document : before
    remember(newest)
    return { document: newest, isNew }
  }

  /** True when the IDURL is pinned to this key, false when to none. */
  async function checkPin(idurl: Idurl, fingerprint: Fingerprint): Promise<boolean> {
    const pinned = await pinOf(idurl)
    if (pinned === undefined || pinned === fingerprint) return pinned !== undefined
    throw new IdentityError('IdentityKeyChanged', `${idurl} had the key ${pinned}, now it comes with ${fingerprint}`, {
      subject: idurl,
    })
  }

  return {
    known,
    pinOf,
    async accept(bytes, servedBy) {
      const document = await openIdentity(bytes, options)
      return exclusively(() => acceptOpened(document, servedBy))
    },
    primary: (fingerprint) => primaries.get(fingerprint),
    forgetPin: (idurl) => exclusively(() => store.put(pinKey(idurl), new Uint8Array())),
  }
}

function checkOrder(before: IdentityDocument, document: IdentityDocument, servedBy: Idurl | undefined): void {
  const who = primaryOf(before)
  const about = servedBy === undefined ? { subject: who } : { subject: who, culprit: servedBy }
  if (document.revision < before.revision) {
    throw new IdentityError(
      'IdentityRollback',
      `${who}: revision ${document.revision} came after ${before.revision}`,
      about,
    )
  }
  if (document.revision === before.revision && !sameBytes(document.bytes, before.bytes)) {
    throw new IdentityError('IdentitySourcesDisagree', `${who}: two documents of revision ${before.revision}`, about)
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function primaryOf({ sources: [first], fingerprint }: IdentityDocument): Idurl {
  if (first === undefined) throw new IdentityError('IdentityMalformed', `identity ${fingerprint} has no source`)
  return first
}

function documentKey(fingerprint: Fingerprint): string {
  return `identity/${fingerprint}`
}

function pinKey(idurl: Idurl): string {
  return `pin/${idurl}`
}
