import { type Fingerprint, parseFingerprint, utf8Decode, utf8Encode } from '@bitdust/crypto'
import type { IdentityDocument } from '../document/identity-document.ts'
import { openIdentity } from '../document/open-identity.ts'
import { IdentityError } from '../errors.ts'
import { createLock } from '../lock.ts'
import type { AddressOptions } from '../names/address.ts'
import type { Idurl } from '../names/idurl.ts'
import type { IdentityStore } from './identity-store.ts'
import { createRecentMap } from './recent-map.ts'
import { createShelf } from './shelf.ts'

/** Documents kept in memory, each up to some 100 KiB; the others are read from the store again. */
const MAX_DOCUMENTS_IN_MEMORY = 1000
/** Addresses whose key is kept in memory. */
const MAX_PINS_IN_MEMORY = 10_000
/** First sources kept in memory. */
const MAX_PRIMARIES = 10_000
/** Addresses remembered for each identity remembered: pins are small, and they are what protects against liars. */
const PINS_PER_IDENTITY = 6

/** How much a ledger remembers. */
export interface LedgerOptions extends AddressOptions {
  /** @see ResolverOptions.maxSeen */
  readonly maxSeen: number
  /** @see ResolverOptions.keep */
  readonly keep: () => Iterable<Fingerprint> | Promise<Iterable<Fingerprint>>
}

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

export function createLedger(store: IdentityStore, { maxSeen, keep, ...options }: LedgerOptions): Ledger {
  const documents = createRecentMap<Fingerprint, IdentityDocument>(MAX_DOCUMENTS_IN_MEMORY)
  const primaries = createRecentMap<Fingerprint, Idurl>(MAX_PRIMARIES)
  const pins = createRecentMap<Idurl, Fingerprint>(MAX_PINS_IN_MEMORY)
  // Comparing with what is known and replacing it must not interleave.
  const exclusively = createLock()
  const documentShelf = createShelf({
    store,
    prefix: 'identity/',
    max: maxSeen,
    ownerOf: (fingerprint) => fingerprint as Fingerprint,
    keep: async () => keep(),
    onDropped: (fingerprint) => {
      documents.delete(fingerprint as Fingerprint)
      primaries.delete(fingerprint as Fingerprint)
    },
  })
  const pinShelf = createShelf({
    store,
    prefix: 'pin/',
    max: PINS_PER_IDENTITY * maxSeen,
    ownerOf: (_, bytes) => parseFingerprint(utf8Decode(bytes)),
    keep: async () => keep(),
    onDropped: (idurl) => pins.delete(idurl as Idurl),
  })

  function remember(document: IdentityDocument): void {
    documents.set(document.fingerprint, document)
    primaries.set(document.fingerprint, primaryOf(document))
  }

  async function known(fingerprint: Fingerprint): Promise<IdentityDocument | undefined> {
    const inMemory = documents.get(fingerprint)
    if (inMemory !== undefined) {
      documentShelf.touch(fingerprint)
      return inMemory
    }
    const bytes = await documentShelf.get(fingerprint)
    if (bytes === undefined) return undefined
    // It was accepted under the settings of its day; whether a private address may be contacted is checked elsewhere.
    const document = await openIdentity(bytes, { allowPrivate: true }).catch(() => undefined)
    if (document?.fingerprint !== fingerprint) return undefined
    remember(document)
    return document
  }

  async function pinOf(idurl: Idurl): Promise<Fingerprint | undefined> {
    const inMemory = pins.get(idurl)
    if (inMemory !== undefined) {
      pinShelf.touch(idurl)
      return inMemory
    }
    const bytes = await pinShelf.get(idurl)
    if (bytes === undefined) return undefined
    const fingerprint = parseFingerprint(utf8Decode(bytes))
    pins.set(idurl, fingerprint)
    return fingerprint
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
    // The pin first: a document without one is hearsay, a pin without a document still refuses every other key.
    if (servedBy !== undefined && !isPinned) {
      await pinShelf.put(servedBy, utf8Encode(document.fingerprint))
      pins.set(servedBy, document.fingerprint)
    }
    if (isNew) await documentShelf.put(document.fingerprint, document.bytes)
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
    forgetPin: (idurl) =>
      exclusively(async () => {
        await pinShelf.remove(idurl)
        pins.delete(idurl)
      }),
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
