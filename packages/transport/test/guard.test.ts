import { type Fingerprint, randomBytes } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { createPeerGuard } from '../src/guard/peer-guard.ts'
import { createReplayGuard } from '../src/guard/replay-guard.ts'
import { createTokenBucket } from '../src/guard/token-bucket.ts'
import { DEFAULT_LIMITS } from '../src/limits.ts'

const ALICE = 'a1'.repeat(32) as Fingerprint
const BOB = 'b0'.repeat(32) as Fingerprint

describe('token bucket', () => {
  test('a burst at once, then a steady rate, never more than the burst again', async () => {
    const clock = createVirtualClock()
    const bucket = createTokenBucket(clock, { perSecond: 2, burst: 5 })
    const takeAll = () => {
      let taken = 0
      while (bucket.take()) taken += 1
      return taken
    }
    expect(takeAll()).toBe(5)
    await clock.advance(499)
    expect(takeAll()).toBe(0)
    await clock.advance(1)
    expect(takeAll()).toBe(1)
    await clock.advance(1_000_000)
    expect(takeAll()).toBe(5)
  })
})

describe('replay guard', () => {
  test('a nonce is known for at least its time, and forgotten some time after it', async () => {
    const clock = createVirtualClock()
    const guard = createReplayGuard(clock, { keepMs: 600_000, maxNonces: 10 })
    const nonce = randomBytes(16)
    await clock.advance(30_000)
    expect(guard.remember(ALICE, nonce)).toBe(true)
    await clock.advance(30_000)
    expect(guard.remember(ALICE, randomBytes(16))).toBe(true)
    await clock.advance(569_999)
    expect(guard.seen(ALICE, nonce)).toBe(true)
    await clock.advance(60_001)
    expect(guard.seen(ALICE, nonce)).toBe(false)
  })

  test('nonces of one creator say nothing of another', () => {
    const guard = createReplayGuard(createVirtualClock(), { keepMs: 1000, maxNonces: 10 })
    const nonce = randomBytes(16)
    guard.remember(ALICE, nonce)
    expect(guard.seen(BOB, nonce)).toBe(false)
  })

  test('at its limit it takes no more, and says so', async () => {
    const clock = createVirtualClock()
    const guard = createReplayGuard(clock, { keepMs: 1000, maxNonces: 3 })
    for (let i = 0; i < 3; i++) expect(guard.remember(ALICE, randomBytes(16))).toBe(true)
    expect(guard.remember(ALICE, randomBytes(16))).toBe(false)
    await clock.advance(61_000)
    expect(guard.remember(ALICE, randomBytes(16))).toBe(true)
  })
})

describe('peer guard', () => {
  test('twenty wrong signatures a minute are forgiven, one more is a ban of ten minutes', async () => {
    const clock = createVirtualClock()
    const guard = createPeerGuard(clock, DEFAULT_LIMITS)
    for (let i = 0; i < 20; i++) expect(guard.badSignature('mallory')).toBe(false)
    await clock.advance(60_000)
    for (let i = 0; i < 20; i++) expect(guard.badSignature('mallory')).toBe(false)
    expect(guard.banned('mallory')).toBe(false)
    expect(guard.badSignature('mallory')).toBe(true)
    expect(guard.banned('mallory')).toBe(true)
    expect(guard.banned('bob')).toBe(false)
    await clock.advance(599_999)
    expect(guard.banned('mallory')).toBe(true)
    await clock.advance(1)
    expect(guard.banned('mallory')).toBe(false)
  })

  test('200 requests a second with a burst of 400, per peer; signature checks are for all together', () => {
    const guard = createPeerGuard(createVirtualClock(), DEFAULT_LIMITS)
    const count = (take: () => boolean) => {
      let taken = 0
      while (take()) taken += 1
      return taken
    }
    expect(count(() => guard.takeRequest('a'))).toBe(400)
    expect(count(() => guard.takeRequest('b'))).toBe(400)
    expect(count(() => guard.takeHello('a'))).toBe(10)
    expect(count(() => guard.takeSignatureCheck())).toBe(5_000)
  })

  test('peers beyond the ten thousand last heard of are forgotten', () => {
    const guard = createPeerGuard(createVirtualClock(), { ...DEFAULT_LIMITS, requestsPerSecond: 0, requestBurst: 1 })
    for (const peer of ['first', 'second']) expect(guard.takeRequest(peer)).toBe(true)
    for (let i = 0; i < 9_998; i++) guard.takeRequest(`peer ${i}`)
    expect(guard.takeRequest('first')).toBe(false)
    guard.takeRequest('one more')
    expect(guard.takeRequest('first')).toBe(false)
    expect(guard.takeRequest('second')).toBe(true)
  })
})
