import { utf8Encode } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { Record as KadRecord } from '@libp2p/kad-dht'
import { Key } from 'interface-datastore'
import { describe, expect, test } from 'vitest'
import { LimitedDatastore, type LimitedDatastoreOptions } from '../src/limited-datastore.ts'
import { VALUE_LIFETIME_MS } from '../src/limits.ts'

const DAY_MS = 24 * 3_600_000

function setup(limits: Partial<LimitedDatastoreOptions> = {}) {
  const clock = createVirtualClock()
  const store = new LimitedDatastore({ clock, prefix: '/dht/record', ...limits })
  const keyOf = (name: string) => new Key(`/dht/record/${name}`, false)
  const record = (name: string, bytes: number) =>
    new KadRecord(utf8Encode(name), new Uint8Array(bytes), new Date(0)).serialize()
  return {
    clock,
    store,
    record,
    delete: (name: string) => store.delete(keyOf(name)),
    own(name: string, bytes = 10) {
      store.keepOwn(name)
      store.put(keyOf(name), record(name, bytes))
    },
    bring: (peer: string, name: string, bytes = 10) =>
      store
        .bring({ peer, name }, async () => void store.put(keyOf(name), record(name, bytes)))
        .then(
          () => 'stored',
          ({ code }: { code: string }) => code,
        ),
    names: async () => (await Array.fromAsync(store.queryKeys({}), (key) => key.name())).toSorted(),
  }
}

describe('LimitedDatastore', () => {
  test('keeps so many values, not one more', async () => {
    const { bring, names } = setup({ maxValues: 2 })
    expect(await bring('p', 'a')).toBe('stored')
    expect(await bring('q', 'b')).toBe('stored')
    expect(await bring('r', 'c')).toBe('LimitExceeded')
    expect(await names()).toEqual(['a', 'b'])
  })

  test('keeps so many values of one peer, not one more, and others have their own', async () => {
    const { bring } = setup({ maxValuesPerPeer: 2 })
    expect([await bring('p', 'a'), await bring('p', 'b'), await bring('p', 'c')]).toEqual([
      'stored',
      'stored',
      'LimitExceeded',
    ])
    expect(await bring('q', 'c')).toBe('stored')
  })

  test('keeps so many bytes, not one more', async () => {
    const { bring, record, names } = setup()
    const bytes = record('a', 10).length
    const tight = setup({ maxBytes: 2 * bytes })
    expect([await tight.bring('p', 'a'), await tight.bring('p', 'b', 11)]).toEqual(['stored', 'LimitExceeded'])
    expect([await tight.bring('p', 'b'), await tight.bring('p', 'b', 11)]).toEqual(['stored', 'LimitExceeded'])
    expect([await bring('p', 'a'), (await names()).length]).toEqual(['stored', 1])
  })

  test('a newer value takes the place of the older one, also when all is full and whoever brings it', async () => {
    const { bring } = setup({ maxValues: 1, maxValuesPerPeer: 1 })
    expect([await bring('p', 'a'), await bring('q', 'a'), await bring('p', 'a')]).toEqual(Array(3).fill('stored'))
    expect(await bring('q', 'b')).toBe('LimitExceeded')
  })

  test('a value stays charged to who brought it first', async () => {
    const { bring } = setup({ maxValuesPerPeer: 1 })
    expect([await bring('p', 'a'), await bring('q', 'a'), await bring('p', 'b'), await bring('q', 'c')]).toEqual([
      'stored',
      'stored',
      'LimitExceeded',
      'stored',
    ])
  })

  test('what was refused, fails or is deleted costs nothing', async () => {
    const { bring, store, delete: remove } = setup({ maxValues: 1, maxValuesPerPeer: 1 })
    const invalid = store.bring({ peer: 'p', name: 'a' }, () => Promise.reject(new Error('invalid')))
    await expect(invalid).rejects.toThrow('invalid')
    expect([await bring('p', 'a'), await bring('p', 'b'), await bring('p', 'b')]).toEqual([
      'stored',
      'LimitExceeded',
      'LimitExceeded',
    ])
    remove('a')
    remove('a')
    expect([await bring('p', 'b'), await bring('p', 'c')]).toEqual(['stored', 'LimitExceeded'])
  })

  test('our own values always find room and take none', async () => {
    const { bring, own, names } = setup({ maxValues: 1, maxValuesPerPeer: 1, maxBytes: 100 })
    expect(await bring('p', 'a')).toBe('stored')
    own('mine', 1_000)
    own('a', 1_000)
    expect(await bring('p', 'b')).toBe('stored')
    expect(await names()).toEqual(['a', 'b', 'mine'])
    expect(await bring('q', 'mine', 2_000)).toBe('stored')
  })

  test('values that nobody brought again within 48 h make room', async () => {
    const { bring, clock, names } = setup({ maxValues: 2 })
    await bring('p', 'old')
    await clock.advance(DAY_MS)
    await bring('p', 'new')
    await clock.advance(VALUE_LIFETIME_MS - DAY_MS - 1)
    expect(await bring('p', 'more')).toBe('LimitExceeded')
    await clock.advance(1)
    expect(await bring('p', 'more')).toBe('stored')
    expect(await names()).toEqual(['more', 'new'])
  })

  test('a value that is brought again lives on', async () => {
    const { bring, clock, names } = setup()
    await bring('p', 'kept')
    await clock.advance(DAY_MS)
    await bring('p', 'kept')
    await clock.advance(VALUE_LIFETIME_MS - 1)
    await bring('p', 'other')
    expect(await names()).toEqual(['kept', 'other'])
  })

  test('one after another for each key, so a value cannot be stored under the name of another peer', async () => {
    const { store, bring } = setup({ maxValuesPerPeer: 0 })
    const first = Promise.withResolvers<void>()
    const events: string[] = []
    const waiting = store.bring({ peer: 'p', name: 'a' }, async () => {
      await first.promise
      events.push('first')
    })
    const second = bring('q', 'a').then((result) => events.push(result))
    expect(await bring('q', 'b')).toBe('LimitExceeded')
    expect(events).toEqual([])
    first.resolve()
    await Promise.all([waiting, second])
    expect(events).toEqual(['first', 'LimitExceeded'])
  })

  test('stores nothing but values', () => {
    const { store, record } = setup()
    expect(() => store.put(new Key('/dht/provider/x/y'), record('a', 1))).toThrow('only values')
    expect(() => store.put(new Key('/dht/recorder/x'), record('a', 1))).toThrow('only values')
  })
})
