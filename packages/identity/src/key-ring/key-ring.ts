import {
  type Fingerprint,
  inspectKeyFile,
  type KeyFile,
  type RsaPrivateKey,
  type RsaPublicKey,
  readKeyFile,
  writeKeyFile,
} from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'
import { createLock } from '../lock.ts'
import { formatKeyId, parseKeyId } from '../names/key-id.ts'
import { formatKeyName, type KeyName, parseKeyName } from './key-name.ts'
import type { KeyStore } from './key-store.ts'

/** What {@link createKeyRing} needs. */
export interface KeyRingOptions {
  readonly store: KeyStore
  /** Protects the private keys that are added, and unlocks those that were protected. */
  readonly passphrase?: string
}

/** Names of a key that is added. */
export interface NewKey {
  readonly alias: string
  /** Fingerprint of the identity that made the key. */
  readonly creator: Fingerprint
  /** @default 1 */
  readonly generation?: number
  /** Where the creator is registered, `alice@first-machine.com`: completes the key id that people see. A hint. */
  readonly user?: string
  /** A note for people, at most 512 characters. */
  readonly label?: string
}

/** Which key is meant; without a generation the newest, or (for `remove`) all. */
export type KeyQuery = Pick<KeyName, 'alias' | 'creator'> & Partial<Pick<KeyName, 'generation'>>

/** A key of the ring, ready for use. */
export interface RingKey extends KeyName {
  readonly publicKey: RsaPublicKey
  /** Null where only the public part is held. */
  readonly privateKey: RsaPrivateKey | null
  /** `alias$user@host` as far as it was known when the key was added, else the alias alone. */
  readonly keyId: string
  readonly label?: string
}

/** What the ring tells of a key without unlocking it. */
export type KeySummary = KeyName &
  (
    | {
        readonly kind: 'private' | 'public'
        readonly keyId: string
        readonly label?: string
        readonly bits: number
        readonly fingerprint: Fingerprint
      }
    /** The file cannot be read; the other keys are not concerned. */
    | { readonly kind: 'damaged' }
  )

/** The RSA keys a node holds besides its master key: its own share keys, and those it was given. */
export interface KeyRing {
  /**
   * Adds a key. One that is held already is left as it is; a private key takes the place of its own public part.
   *
   * @throws {IdentityError} `KeyConflict`: this creator's alias and generation, or this key id, is held by another key
   *   (`threats.md` A12: a received key never replaces one); nothing is changed. `KeyMalformed`, `PathUnsafe` for bad names.
   */
  add(key: RsaPrivateKey | RsaPublicKey, names: NewKey): Promise<RingKey>
  /**
   * @returns The key, or null.
   * @throws The errors of `readKeyFile` of `@bitdust/crypto` when the file is damaged or the passphrase wrong.
   */
  get(query: KeyQuery): Promise<RingKey | null>
  /** All keys, generations side by side, in no order. Secrets stay locked. */
  list(): AsyncIterable<KeySummary>
  /** Forgets one generation, or all of an alias. Does nothing when there is none. */
  remove(query: KeyQuery): Promise<void>
}

/** Creates a key ring over a store. It reads nothing before the first call. */
export function createKeyRing({ store, passphrase }: KeyRingOptions): KeyRing {
  // Unlocking a protected key takes a third of a second: once is enough.
  const unlocked = new Map<string, RingKey>()
  // "Is there another key?" and putting this one must not interleave.
  const exclusively = createLock()

  async function load(name: KeyName): Promise<RingKey | null> {
    const storedAs = formatKeyName(name)
    const cached = unlocked.get(storedAs)
    if (cached !== undefined) return cached
    const text = await store.get(storedAs)
    if (text === null) return null
    const file = await readKeyFile(text, passphrase === undefined ? {} : { passphrase })
    if (file.creator !== name.creator)
      throw new IdentityError('KeyMalformed', `key file ${storedAs} names another creator`)
    const key = ringKey(name, file)
    unlocked.set(storedAs, key)
    return key
  }

  async function add(file: KeyFile, name: KeyName): Promise<RingKey> {
    const storedAs = formatKeyName(name)
    await checkKeyId(file.keyId, name)
    const held = await load(name)
    const key = ringKey(name, file)
    if (held !== null && held.publicKey.fingerprint !== key.publicKey.fingerprint) {
      throw new IdentityError('KeyConflict', `${file.keyId}: generation ${name.generation} is held by another key`, {
        subject: file.keyId,
      })
    }
    if (held !== null && (held.privateKey !== null || key.privateKey === null)) return held
    const isLocked = passphrase !== undefined && file.kind === 'private'
    await store.put(storedAs, await writeKeyFile(file, isLocked ? { passphrase } : {}))
    unlocked.set(storedAs, key)
    return key
  }

  /** One key id means one creator; without a user it is no key id yet. */
  async function checkKeyId(keyId: string, { creator }: KeyName): Promise<void> {
    if (!keyId.includes('$')) return
    for await (const other of list()) {
      if (other.kind !== 'damaged' && other.keyId === keyId && other.creator !== creator) {
        throw new IdentityError('KeyConflict', `${keyId} is held by a key of another creator`, { subject: keyId })
      }
    }
  }

  async function* list(): AsyncGenerator<KeySummary> {
    for await (const storedAs of store.list()) {
      const name = parseKeyName(storedAs)
      const text = name === undefined ? null : await store.get(storedAs)
      if (name !== undefined && text !== null) yield summary(name, text)
    }
  }

  async function namesOf({ alias, creator, generation }: KeyQuery): Promise<readonly KeyName[]> {
    if (generation !== undefined) return [{ alias, creator, generation }]
    const names: KeyName[] = []
    for await (const storedAs of store.list()) {
      const name = parseKeyName(storedAs)
      if (name?.alias === alias && name.creator === creator) names.push(name)
    }
    return names.sort((a, b) => b.generation - a.generation)
  }

  return {
    async add(key, { alias, creator, generation = 1, user, label }) {
      const keyId = user === undefined ? alias : formatKeyId(parseKeyId(`${alias}$${user}`))
      const names = {
        keyId,
        creator,
        ...(generation === 1 ? {} : { generation }),
        ...(label === undefined ? {} : { label }),
      }
      const file: KeyFile = isPrivate(key) ? { ...names, kind: 'private', key } : { ...names, kind: 'public', key }
      return exclusively(() => add(file, { alias, creator, generation }))
    },
    get: (query) =>
      exclusively(async () => {
        const [newest] = await namesOf(query)
        return newest === undefined ? null : load(newest)
      }),
    list,
    remove: (query) =>
      exclusively(async () => {
        for (const name of await namesOf(query)) {
          await store.remove(formatKeyName(name))
          unlocked.delete(formatKeyName(name))
        }
      }),
  }
}

function ringKey(name: KeyName, file: KeyFile): RingKey {
  const { keyId, label } = file
  const privateKey = file.kind === 'private' ? file.key : null
  const publicKey = file.kind === 'private' ? file.key.publicKey : file.key
  return { ...name, publicKey, privateKey, keyId, ...(label === undefined ? {} : { label }) }
}

function summary(name: KeyName, text: string): KeySummary {
  try {
    const { kind, keyId, label, bits, fingerprint } = inspectKeyFile(text)
    return { ...name, kind, keyId, bits, fingerprint, ...(label === undefined ? {} : { label }) }
  } catch {
    return { ...name, kind: 'damaged' }
  }
}

function isPrivate(key: RsaPrivateKey | RsaPublicKey): key is RsaPrivateKey {
  return 'publicKey' in key
}
