import { utf8Encode } from '@bitdust/crypto'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, test } from 'vitest'
import { keyValueMoveMemory } from '../src/wiring/move-memory.ts'

test('the last move is remembered', async () => {
  const store = memoryKeyValueStore()
  expect(await keyValueMoveMemory(store).get()).toBeNull()
  await keyValueMoveMemory(store).put({ at: 1_700_000_000_000, jitter: 0.125 })
  expect(await keyValueMoveMemory(store).get()).toEqual({ at: 1_700_000_000_000, jitter: 0.125 })
})

test.each(['', 'null', '{"version":2,"at":1,"jitter":0}', '{"version":1,"at":1,"jitter":9}'])(
  'what cannot be read counts as never moved: %j',
  async (text) => {
    const store = memoryKeyValueStore()
    await keyValueMoveMemory(store).put({ at: 1, jitter: 0 })
    for await (const [key] of store.list({ prefix: '' })) await store.batch([{ put: key, value: utf8Encode(text) }])
    expect(await keyValueMoveMemory(store).get()).toBeNull()
  },
)
