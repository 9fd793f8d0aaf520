import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import { type DropMemory, MAX_DROPS } from '@bitdust/identity'
import type { KeyValueStore } from '@bitdust/upkeep'
import * as v from 'valibot'

const KEY = 'node/dropped-certificates'
const Drops = v.strictObject({
  version: v.literal(1),
  certificates: v.pipe(v.array(v.string()), v.maxLength(MAX_DROPS)),
})

/** The certificates taken out of the identity inside a key-value store. What cannot be read counts as none. */
export function keyValueDropMemory(store: KeyValueStore): DropMemory {
  return {
    async get() {
      const bytes = await store.get(KEY)
      if (bytes === null) return []
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Drops), utf8Decode(bytes))
      return parsed.success ? parsed.output.certificates : []
    },
    put: (certificates) => store.batch([{ put: KEY, value: utf8Encode(JSON.stringify({ version: 1, certificates })) }]),
  }
}
