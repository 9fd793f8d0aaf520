import { BitdustError } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { createVirtualClock } from '@bitdust/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { watchSupplier } from '../src/family/supplier-link.ts'
import type { SupplierState } from '../src/ports.ts'
import { atEnd, hired } from './setup.ts'

let peer: PeerRef

beforeAll(async () => {
  peer = (await hired(2)).family.current()!.body.positions[0]!
})

const granted: SupplierState = { free: 5, used: 1, granted: 6, familyRevision: 1 }

/** A link to a supplier that gives these answers, one after another. */
function linkTo(...answers: readonly (SupplierState | Error)[]) {
  const clock = createVirtualClock()
  const reports: string[] = []
  let asked = 0
  const link = watchSupplier({
    peer,
    customer: peer.fingerprint,
    clock,
    pingEveryMs: 1000,
    onReport: () => reports.push(link.state),
    remotes: {
      async ping() {
        const answer = answers[asked++] ?? new Error('asked too often')
        if (answer instanceof Error) throw answer
        return answer
      },
      cancel: async () => {
        reports.push('cancelled')
      },
    },
  })
  atEnd(() => link.stop())
  return { link, clock, reports, asked: () => asked }
}

describe('the link to a supplier', () => {
  it('tells a refusal of the supplier from everything that happens on the way', async () => {
    const refused = new BitdustError('NotFound', 'nothing here')
    const noAddress = new BitdustError('NotFound', 'no address is known', { retryable: true })
    const timeout = new BitdustError('Timeout', 'nobody answers', { retryable: true })
    const nobody = { free: 0, used: 0, granted: 0, familyRevision: null }
    const { link, clock, reports } = linkTo(granted, refused, noAddress, timeout, nobody, granted)
    link.ask()
    for (let second = 0; second < 5; second++) await clock.advance(1000)
    expect(reports).toEqual(['connected', 'refused', 'unreachable', 'unreachable', 'refused', 'connected'])
    expect(link.answer).toEqual(granted)
  })

  it('asks once in a while, and keeps showing the last state while it asks', async () => {
    const { link, clock, asked } = linkTo(new Error('away'), granted)
    link.ask()
    await clock.advance(0)
    expect([link.state, asked()]).toEqual(['unreachable', 1])
    await clock.advance(999)
    expect(asked()).toBe(1)
    const since = link.since
    await clock.advance(1)
    expect([link.state, asked()]).toEqual(['connected', 2])
    expect(link.since).toBe(since + 1000)
  })

  it('is left with a word when the supplier can be reached, without one otherwise', async () => {
    const { link, clock, reports } = linkTo(granted)
    link.ask()
    await clock.advance(0)
    await link.leave()
    expect(reports).toEqual(['connected', 'cancelled'])
    const silent = linkTo(new Error('away'))
    silent.link.ask()
    const left = silent.link.leave()
    await clock.advance(0)
    await left
    expect(silent.reports).toEqual([])
  })
})
