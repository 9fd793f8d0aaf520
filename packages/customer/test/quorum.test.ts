import { createVirtualClock } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { OpenedFamily } from '../src/family/types.ts'
import { gather } from '../src/locations/gather.ts'
import { atSuppliers } from '../src/locations/quorum.ts'
import { hired } from './setup.ts'

let family: OpenedFamily

beforeAll(async () => {
  family = (await hired(4)).family.current()!
})

const signal = new AbortController().signal

describe('atSuppliers', () => {
  it('resolves exactly when enough have done it, and tells why when that cannot be', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        async (works, need) => {
          const able = works.filter(Boolean).length
          const outcome = atSuppliers(
            family,
            need,
            async (_, position) => {
              await Promise.resolve()
              if (!works[position]) throw new Error('broken')
              return position
            },
            { signal },
          )
          if (able >= need) {
            const { done, rest } = await outcome
            expect(done.size).toBeGreaterThanOrEqual(need)
            const all = await rest
            expect([...all.done.keys()].sort()).toEqual(works.flatMap((work, position) => (work ? [position] : [])))
            expect(all.failed.size).toBe(4 - able)
          } else {
            const error = await outcome.then(
              () => null,
              (reason: unknown) => reason,
            )
            expect(error).toMatchObject({ code: 'UploadIncomplete', need, retryable: true })
            expect((error as { reasons: string[] }).reasons.length).toBeGreaterThan(4 - need)
          }
        },
      ),
    )
  })

  it('does not wait for the slow ones, and lets them go on', async () => {
    const slow = Promise.withResolvers<void>()
    const reached = await atSuppliers(
      family,
      3,
      async (_, position) => {
        if (position === 0) await slow.promise
        return position
      },
      { signal },
    )
    expect([...reached.done.keys()].sort()).toEqual([1, 2, 3])
    slow.resolve()
    expect((await reached.rest).done.size).toBe(4)
  })

  it('leaves out those who are away, unless it needs them', async () => {
    const tried: number[] = []
    const task = async (_: unknown, position: number) => {
      tried.push(position)
    }
    const online = (position: number) => position !== 2
    await (await atSuppliers(family, 3, task, { signal, online })).rest
    expect(tried.splice(0)).toEqual([0, 1, 3])
    await (await atSuppliers(family, 4, task, { signal, online })).rest
    expect(tried).toEqual([0, 1, 2, 3])
  })

  it('aborts what still runs when it gives up, and when it is told to', async () => {
    const aborted: number[] = []
    const task = (_: unknown, position: number, taskSignal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        if (position < 2) return reject(new Error('broken'))
        taskSignal.addEventListener('abort', () => {
          aborted.push(position)
          reject(taskSignal.reason)
        })
      })
    await expect(atSuppliers(family, 3, task, { signal })).rejects.toMatchObject({ code: 'UploadIncomplete', have: 0 })
    expect(aborted.splice(0)).toEqual([2, 3])
    const controller = new AbortController()
    const waiting = atSuppliers(family, 2, task, { signal: controller.signal })
    controller.abort(new Error('enough of it'))
    await expect(waiting).rejects.toThrow('enough of it')
    expect(aborted).toEqual([2, 3])
    await expect(atSuppliers(family, 1, task, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
})

describe('gather', () => {
  it('takes what comes within two seconds of enough answers', async () => {
    const clock = createVirtualClock()
    const answers = [0, 1, 2, 3].map(() => Promise.withResolvers<number>())
    const gathered = gather(family, 2, (_, position) => answers[position]!.promise, { signal, clock })
    answers[0]?.resolve(0)
    answers[1]?.reject(new Error('broken'))
    await clock.advance(10_000)
    answers[2]?.resolve(2)
    await clock.advance(1_999)
    answers[3]?.resolve(3)
    const { done, failed, enough } = await gathered
    expect([...done.keys()]).toEqual([0, 2, 3])
    expect([...failed.keys()]).toEqual([1])
    expect(enough).toBe(true)
  })

  it('does not wait for ever, and says when too few answered', async () => {
    const clock = createVirtualClock()
    const never = new Promise<number>(() => {})
    const task = (_: unknown, position: number) => (position < 2 ? Promise.resolve(position) : never)
    const gathering = gather(family, 2, task, { signal, clock })
    await clock.advance(2_000)
    expect((await gathering).done.size).toBe(2)
    const broken = await gather(family, 2, async () => Promise.reject(new Error('broken')), { signal, clock })
    expect(broken).toMatchObject({ enough: false })
    const controller = new AbortController()
    const aborted = gather(family, 1, () => never, { signal: controller.signal, clock })
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })
})
