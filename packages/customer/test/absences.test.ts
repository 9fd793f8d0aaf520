import type { Fingerprint } from '@bitdust/crypto'
import { parseHash } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import { createAbsences } from '../src/family/absences.ts'

const supplier = parseHash('ab'.repeat(32)) as string as Fingerprint

describe('absences', () => {
  it('add up between unanswered questions, over restarts, and end with an answer', async () => {
    const clock = createVirtualClock()
    const store = memoryKeyValueStore()
    const first = createAbsences({ store, clock, longestStepMs: 100 })
    await first.note(supplier, false)
    expect(first.absentMs(supplier)).toBe(0)
    await clock.advance(60)
    await first.note(supplier, false)
    expect(first.absentMs(supplier)).toBe(60)

    const second = createAbsences({ store, clock, longestStepMs: 100 })
    await second.load([supplier])
    await clock.advance(50)
    await second.note(supplier, false)
    // What happened while nobody watched does not count.
    expect(second.absentMs(supplier)).toBe(60)
    await clock.advance(40)
    await second.note(supplier, false)
    expect(second.absentMs(supplier)).toBe(100)
    await second.note(supplier, true)
    expect(second.absentMs(supplier)).toBe(0)
    const third = createAbsences({ store, clock, longestStepMs: 100 })
    await third.load([supplier])
    expect(third.absentMs(supplier)).toBe(0)
  })

  it('T59 know neither jumps of the wall clock nor the sleep of the machine', async () => {
    const clock = createVirtualClock()
    const absences = createAbsences({ store: memoryKeyValueStore(), clock, longestStepMs: 100 })
    await absences.note(supplier, false)
    clock.jump(10 * 365 * 24 * 3600 * 1000)
    await clock.advance(10)
    await absences.note(supplier, false)
    expect(absences.absentMs(supplier)).toBe(10)
    await clock.advance(100_000)
    await absences.note(supplier, false)
    expect(absences.absentMs(supplier)).toBe(110)
  })
})
