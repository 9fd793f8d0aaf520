import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import { MAX_JITTER, type MoveMemory } from '@bitdust/identity'
import type { KeyValueStore } from '@bitdust/upkeep'
import * as v from 'valibot'

const KEY = 'node/identity-move'
const Move = v.strictObject({
  version: v.literal(1),
  at: v.number(),
  jitter: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_JITTER)),
})

/** The last move of the identity inside a key-value store. What cannot be read counts as never moved. */
export function keyValueMoveMemory(store: KeyValueStore): MoveMemory {
  return {
    async get() {
      const bytes = await store.get(KEY)
      if (bytes === null) return null
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Move), utf8Decode(bytes))
      return parsed.success ? { at: parsed.output.at, jitter: parsed.output.jitter } : null
    },
    put: ({ at, jitter }) => store.batch([{ put: KEY, value: utf8Encode(JSON.stringify({ version: 1, at, jitter })) }]),
  }
}
