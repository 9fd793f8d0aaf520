import type { Fingerprint, RsaPrivateKey } from '@bitdust/crypto'
import { importRsaPrivateKey, LABELS, openSealed, sealTo } from '@bitdust/crypto'
import {
  bytesUpTo,
  defineMessage,
  fingerprint,
  generationNumber,
  integer,
  type LocationId,
  list,
  MAX_ALIAS_BYTES,
  MAX_GENERATIONS,
  MAX_LABEL_BYTES,
  MAX_SEALED_BYTES,
  MAX_SPKI_BYTES,
  parseHash,
  struct,
  text,
} from '@bitdust/records'
import type { KeyValueStore, StoreChange } from '@bitdust/upkeep'

/** Most identities that are remembered as writers of one location. */
const MAX_WRITERS = 4096
const MAX_WRITERS_BYTES = MAX_WRITERS * 40
const MAX_PLACE_BYTES = 1024 * 1024

/** What is remembered about a location beside its records. */
export interface LocationNote {
  readonly owner: Fingerprint
  /** SPKI of the owner's master key. */
  readonly ownerKey: Uint8Array
  readonly alias: string
  readonly label: string
  /** Keys that we were given, by generation; none for our own locations, whose header has them. */
  readonly keys: ReadonlyMap<number, RsaPrivateKey>
}

interface StoredNote extends Omit<LocationNote, 'keys'> {
  readonly version: number
  readonly keys: readonly { readonly generation: number; readonly sealed: Uint8Array }[]
}

/** Form of {@link LocationNote} in the store, version 1. Keys are PKCS#8, sealed to the encryption key of this device. */
const noteMessage = defineMessage(
  struct<StoredNote>({
    version: integer(1, 1),
    owner: fingerprint,
    ownerKey: bytesUpTo(MAX_SPKI_BYTES),
    alias: text(MAX_ALIAS_BYTES),
    label: text(MAX_LABEL_BYTES),
    keys: list(
      struct<StoredNote['keys'][number]>({ generation: generationNumber, sealed: bytesUpTo(MAX_SEALED_BYTES) }),
      MAX_GENERATIONS,
    ),
  }),
  'location',
)

/** Form of the writers in the store, version 1. */
const writersMessage = defineMessage(
  struct<{ readonly version: number; readonly writers: readonly Fingerprint[] }>({
    version: integer(1, 1),
    writers: list(fingerprint, MAX_WRITERS),
  }),
  'writers',
)

/** The records of a location as suppliers have them. */
export type LocationRecordKind = 'header' | 'members'

/** What this device keeps of locations. */
export interface LocationBooks {
  /** Ids of the locations that are made, or adopted. */
  list(): AsyncIterable<LocationId>
  note(id: LocationId): Promise<LocationNote | null>
  keepNote(id: LocationId, note: LocationNote): Promise<void>
  /** Unverified bytes of the record that counts. */
  record(kind: LocationRecordKind, id: LocationId): Promise<Uint8Array | null>
  keepRecord(kind: LocationRecordKind, id: LocationId, bytes: Uint8Array): Promise<void>
  /** Unverified bytes of the newest record that was sent to the suppliers; too few of them may have it. */
  sentRecord(kind: LocationRecordKind, id: LocationId): Promise<Uint8Array | null>
  keepSentRecord(kind: LocationRecordKind, id: LocationId, bytes: Uint8Array): Promise<void>
  /** Identities that ever had the right to write, as far as this device saw. */
  writers(id: LocationId): Promise<readonly Fingerprint[]>
  keepWriters(id: LocationId, writers: readonly Fingerprint[]): Promise<void>
}

const NOTE = 'location/'

export function createLocationBooks(store: KeyValueStore, encryptionKey: RsaPrivateKey): LocationBooks {
  const put = (key: string, value: Uint8Array) => store.batch([{ put: key, value }] satisfies StoreChange[])

  return {
    async *list() {
      for await (const [key] of store.list({ prefix: NOTE })) yield parseHash<LocationId>(key.slice(NOTE.length))
    },

    async note(id) {
      const bytes = await store.get(NOTE + id)
      if (bytes === null) return null
      const { version: _, keys: sealedKeys, ...note } = noteMessage.decode(bytes, MAX_PLACE_BYTES)
      const keys = new Map<number, RsaPrivateKey>()
      for (const { generation, sealed } of sealedKeys) {
        const pkcs8 = await openSealed(encryptionKey, LABELS.generationKey, sealed)
        keys.set(generation, await importRsaPrivateKey(pkcs8))
        pkcs8.fill(0)
      }
      return { ...note, keys }
    },

    async keepNote(id, { keys, ...note }) {
      const sealedKeys: StoredNote['keys'][number][] = []
      for (const [generation, key] of keys) {
        const pkcs8 = await key.exportPkcs8()
        sealedKeys.push({ generation, sealed: await sealTo(encryptionKey.publicKey, LABELS.generationKey, pkcs8) })
        pkcs8.fill(0)
      }
      await put(NOTE + id, noteMessage.encode({ version: 1, ...note, keys: sealedKeys }))
    },

    record: (kind, id) => store.get(`${kind}/${id}`),
    keepRecord: (kind, id, bytes) => put(`${kind}/${id}`, bytes),
    sentRecord: (kind, id) => store.get(`sent-${kind}/${id}`),
    keepSentRecord: (kind, id, bytes) => put(`sent-${kind}/${id}`, bytes),

    async writers(id) {
      const bytes = await store.get(`writers/${id}`)
      try {
        return bytes === null ? [] : writersMessage.decode(bytes, MAX_WRITERS_BYTES).writers
      } catch {
        // The present member list says most of it again.
        return []
      }
    },
    keepWriters: (id, writers) =>
      put(`writers/${id}`, writersMessage.encode({ version: 1, writers: writers.slice(-MAX_WRITERS) })),
  }
}
