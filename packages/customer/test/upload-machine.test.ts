import { transition } from '@bitdust/machine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DownloadEvent, downloadStart, downloadTable } from '../src/download/machine.ts'
import { type UploadEffect, type UploadEvent, uploadStart, uploadTable } from '../src/upload/machine.ts'

function upload(...events: readonly UploadEvent[]) {
  let snapshot = uploadStart
  const effects: UploadEffect['type'][] = []
  for (const event of events) {
    const [next, more] = transition(uploadTable, snapshot, event)
    snapshot = next
    effects.push(...more.map(({ type }) => type))
  }
  return { state: snapshot.state, effects }
}

const written: readonly UploadEvent[] = [{ type: 'begin' }, { type: 'read' }, { type: 'sealed' }, { type: 'placed' }]

describe('the machine of a put', () => {
  it('records nothing before every block is placed, and is complete only when all suppliers have it', () => {
    expect(upload(...written).effects).toEqual(['read', 'seal', 'place', 'record'])
    const recorded = upload(...written, { type: 'recorded' })
    expect(recorded).toEqual({ state: 'stored', effects: ['read', 'seal', 'place', 'record', 'waitForRest'] })
    expect(upload(...written, { type: 'recorded' }, { type: 'ended', complete: true })).toMatchObject({
      state: 'complete',
      effects: expect.arrayContaining(['report']),
    })
    expect(upload(...written, { type: 'recorded' }, { type: 'ended', complete: false }).state).toBe('stored')
  })

  it('places the blocks again when the family has changed meanwhile', () => {
    const { state, effects } = upload(...written, { type: 'outdated' })
    expect(state).toBe('placing')
    expect(effects.slice(-2)).toEqual(['record', 'place'])
  })

  it('gives up at a failure, but not any more once it is recorded', () => {
    const failed: UploadEvent = { type: 'failed', error: new Error('x') }
    for (let steps = 0; steps <= written.length; steps++) {
      const { state, effects } = upload(...written.slice(0, steps), failed)
      expect({ state, last: effects.at(-1) }).toEqual({ state: 'failed', last: 'abandon' })
    }
    expect(upload(...written, { type: 'recorded' }, failed).state).toBe('stored')
  })

  it('never leaves its end', () => {
    const events = fc.array(
      fc.constantFrom<UploadEvent>(
        ...written,
        { type: 'recorded' },
        { type: 'outdated' },
        { type: 'ended', complete: true },
        { type: 'failed', error: null },
      ),
    )
    fc.assert(
      fc.property(events, events, (before, after) => {
        const { state } = upload(...before)
        if (state === 'failed' || state === 'complete') expect(upload(...before, ...after).state).toBe(state)
      }),
    )
  })
})

describe('the machine of a download', () => {
  const release = [{ type: 'release' }]

  it.each([
    { event: 'finished', end: 'complete' },
    { event: 'leave', end: 'left' },
    { event: 'failed', end: 'failed' },
  ] as const)('gives up what it fetches ahead when it has $event', ({ event, end }) => {
    const [reading] = transition(downloadTable, downloadStart, { type: 'begin' })
    const [ended, effects] = transition(downloadTable, reading, { type: event } satisfies DownloadEvent)
    expect(ended.state).toBe(end)
    expect(effects).toEqual(release)
    expect(transition(downloadTable, ended, { type: 'leave' })).toEqual([ended, []])
  })
})
