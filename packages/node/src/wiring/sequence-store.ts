import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import type { SequenceStore } from '@bitdust/dht'
import type { KeyValueStore } from '@bitdust/upkeep'

/** The DHT's memory of revisions inside a key-value store, under a prefix of its own. */
export function keyValueSequenceStore(store: KeyValueStore, prefix = 'dht-sequence/'): SequenceStore {
  return {
    async get(key) {
      const bytes = await store.get(prefix + key)
      return bytes === null ? null : Number(utf8Decode(bytes))
    },
    put: (key, sequence) => store.batch([{ put: prefix + key, value: utf8Encode(String(sequence)) }]),
  }
}
