import { type Fingerprint, randomBytes } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { parseHash } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, test } from 'vitest'
import { createAcceptanceBooks } from '../src/acceptance/acceptance-books.ts'
import { anyDevice } from '../src/devices.ts'
import { ShareError } from '../src/errors.ts'
import { createShareEvents } from '../src/events.ts'
import { fileList } from '../src/grant/file-list.ts'
import { hasMember, withMember } from '../src/grant/member-line.ts'
import { createRateLimit } from '../src/guard/rate-limit.ts'
import { createUsedNonces } from '../src/guard/used-nonces.ts'
import type { SharedFile, ShareLocation } from '../src/index.ts'
import {
  GRANT_LIFE_MS,
  MAX_AUDIT_NONCES,
  MAX_LISTED_FILES,
  MAX_RATED_PEERS,
  PACKETS_PER_MINUTE,
} from '../src/limits.ts'
import { filesRequest } from '../src/protocol/messages.ts'
import { withTimeLimit } from '../src/time-limit.ts'
import { failureOf, inTime } from './world.ts'

const alice = 'a'.repeat(64) as Fingerprint
const bob = 'b'.repeat(64) as Fingerprint

test('a rate fills up again with time, for each identity by itself, in bounded memory', async () => {
  const clock = createVirtualClock()
  const rate = createRateLimit(clock)
  const uses = (who: Fingerprint) => {
    try {
      rate.take(who)
      return true
    } catch {
      return false
    }
  }
  for (let i = 0; i < PACKETS_PER_MINUTE; i++) expect(uses(alice)).toBe(true)
  expect(uses(alice)).toBe(false)
  expect(uses(bob)).toBe(true)
  await clock.advance(60_000 / PACKETS_PER_MINUTE)
  expect(uses(alice)).toBe(true)
  expect(uses(alice)).toBe(false)
  // Many strangers push out whoever was silent longest, and nobody else.
  for (let i = 0; i < MAX_RATED_PEERS - 1; i++) uses(String(i).padStart(64, '0') as Fingerprint)
  expect(uses(alice)).toBe(false)
})

test('a nonce is used once until it expires, in bounded memory', () => {
  const nonces = createUsedNonces()
  const nonce = randomBytes(32)
  nonces.use(nonce, 100, 0)
  expect(() => nonces.use(nonce, 100, 50)).toThrow(/answered before/)
  nonces.use(randomBytes(32), 300, 200)
  nonces.use(nonce, 300, 200)
  for (let i = 0; i < MAX_AUDIT_NONCES; i++) nonces.use(randomBytes(32), 1000, 250)
  nonces.use(nonce, 1000, 250)
})

test('of several devices the first success counts, else the refusal and not the silence', async () => {
  const [idle, busy] = ['first', 'second'].map((peerId) => ({ fingerprint: alice, peerId }) as PeerRef) as [
    PeerRef,
    PeerRef,
  ]
  const { signal } = new AbortController()
  const silent = new ShareError('Timeout', 'silent')
  const refusal = new ShareError('AuditFailed', 'no')
  const answers = (peer: PeerRef) => Promise.reject(peer === idle ? silent : refusal)
  expect(await failureOf(anyDevice([idle, busy], signal, answers))).toBe(refusal)
  expect(await failureOf(anyDevice([idle], signal, answers))).toBe(silent)
  expect(await failureOf(anyDevice([], signal, answers))).toMatchObject({ code: 'NotFound' })
  const given: AbortSignal[] = []
  const first = await anyDevice([idle, busy], signal, async (peer, during) => {
    given.push(during)
    return peer === busy ? busy : new Promise<never>(() => {})
  })
  expect(first).toBe(busy)
  expect(given[0]?.aborted).toBe(true)
})

test('a time limit ends work that ignores it, and leaves no timer behind', async () => {
  const clock = createVirtualClock()
  const { signal } = new AbortController()
  const limit = { clock, ms: 1000, doing: 'waiting', signal }
  const late = failureOf(withTimeLimit(limit, () => new Promise(() => {})))
  await clock.advance(1000)
  expect(await late).toMatchObject({ code: 'Timeout', retryable: true })
  expect(await withTimeLimit(limit, async () => 1)).toBe(1)
  expect(clock.sleepers).toBe(0)
  const caller = new AbortController()
  const ended = failureOf(withTimeLimit({ ...limit, signal: caller.signal }, () => new Promise(() => {})))
  caller.abort('enough')
  expect(await ended).toBe('enough')
  expect(await failureOf(withTimeLimit({ ...limit, signal: caller.signal }, async () => 1))).toBe('enough')
  expect(clock.sleepers).toBe(0)
})

test('the books replace a grant for the same key, and sweep nonces that could not come again', async () => {
  const store = memoryKeyValueStore()
  const books = createAcceptanceBooks(store)
  const subject = { location: parseHash<ShareLocation['id']>('c'.repeat(64)), generation: 1 }
  const [first, second] = [
    { nonce: randomBytes(16), created: 0 },
    { nonce: randomBytes(16), created: 3 * GRANT_LIFE_MS },
  ]
  const packet = { grant: Uint8Array.of(1), family: Uint8Array.of(2) }
  await books.remember(subject, first, packet, first.created)
  expect(await books.isUsed(first)).toBe(true)
  const newer = { grant: Uint8Array.of(3), family: Uint8Array.of(4) }
  await books.remember(subject, second, newer, second.created)
  expect([await books.isUsed(first), await books.isUsed(second)]).toEqual([false, true])
  expect(await Array.fromAsync(books.list())).toMatchObject([newer])
  await store.batch([{ put: 'shares/acceptance/torn', value: Uint8Array.of(255) }])
  expect(await Array.fromAsync(books.list())).toHaveLength(1)
  await books.forget(subject)
  expect(await Array.fromAsync(books.list())).toEqual([])
  expect(await books.isUsed(second)).toBe(true)
})

test('the list of files is cut to what one packet takes', async () => {
  const location = {} as ShareLocation
  const listOf = (count: number, pathBytes: number) => {
    const files = Array.from({ length: count }, (_, i) => file(String(i).padStart(pathBytes, 'x')))
    return fileList(
      {
        list: async function* () {
          yield* files
        },
      },
      location,
      inTime(),
    )
  }
  expect(await listOf(3, 1)).toEqual({ files: [file('0'), file('1'), file('2')], complete: true })
  for (const [count, pathBytes] of [
    [MAX_LISTED_FILES + 1, 4],
    [400, 250],
  ] as const) {
    const list = await listOf(count, pathBytes)
    expect(list.complete).toBe(false)
    expect(list.files.length).toBeLessThan(count)
    expect(filesRequest.encode({ alias: 'group_abc', ...list }).length).toBeLessThan(64 * 1024)
  }
  expect((await listOf(MAX_LISTED_FILES, 1)).complete).toBe(true)
})

test('a member has one line for each generation, and a full list takes no more', () => {
  const member = { member: alice, rights: ['write', 'read'] as const, generation: 2 }
  const old = withMember([], { ...member, rights: ['read'], generation: 1 })
  const lines = withMember(withMember(old, { ...member, rights: ['drop'] }), member)
  expect(lines).toHaveLength(2)
  expect(hasMember(lines, { ...member, rights: ['read', 'write'] })).toBe(true)
  expect(hasMember(lines, { ...member, rights: ['read'] })).toBe(false)
  expect(hasMember(lines, { ...member, member: bob })).toBe(false)
  const full = Array.from({ length: 256 }, (_, i) => ({ ...lines[0]!, generation: i + 1 }))
  expect(() => withMember(full, { ...member, member: bob })).toThrow(/full/)
  expect(withMember(full, { ...member, generation: 7 })).toHaveLength(256)
})

test('a listener that throws disturbs neither the others nor who emits', async () => {
  const { events, emit } = createShareEvents()
  const seen: string[] = []
  events.addEventListener('share:files', ({ detail }) => seen.push(detail.keyId), { once: true })
  const list = { keyId: 'k', location: parseHash<ShareLocation['id']>('c'.repeat(64)), files: [], complete: true }
  emit('share:files', list)
  emit('share:files', list)
  expect(seen).toEqual(['k'])
})

function file(path: string): SharedFile {
  return { path, kind: 'file', size: 1 }
}
