import { utf8Encode } from '@bitdust/crypto'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, test } from 'vitest'
import { keyValueDropMemory } from '../src/wiring/drop-memory.ts'

test('certificates that were taken out are remembered in their order', async () => {
  const store = memoryKeyValueStore()
  expect(await keyValueDropMemory(store).get()).toEqual([])
  await keyValueDropMemory(store).put(['Yg==', 'YQ=='])
  expect(await keyValueDropMemory(store).get()).toEqual(['Yg==', 'YQ=='])
})

test.each(['', 'null', '{"version":2,"certificates":[]}', '{"version":1,"certificates":[1]}'])(
  'what cannot be read counts as none: %j',
  async (text) => {
    const store = memoryKeyValueStore()
    await keyValueDropMemory(store).put(['YQ=='])
    for await (const [key] of store.list({ prefix: '' })) await store.batch([{ put: key, value: utf8Encode(text) }])
    expect(await keyValueDropMemory(store).get()).toEqual([])
  },
)
