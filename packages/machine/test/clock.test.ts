import { expect, test, vi } from 'vitest'
import { systemClock } from '../src/index.ts'

test('now is wall time in ms, monotonic never goes back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000)
  const first = systemClock.monotonic()
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first)
})

test('sleep waits at least that long', async () => {
  const start = performance.now()
  await systemClock.sleep(20)
  expect(performance.now() - start).toBeGreaterThanOrEqual(19)
})

test('sleep rejects with the reason of the signal, before and during', async () => {
  const reason = new Error('enough')
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  const controller = new AbortController()
  const sleeping = systemClock.sleep(60_000, controller.signal)
  controller.abort()
  await expect(sleeping).rejects.toMatchObject({ name: 'AbortError' })
})

test('a sleep that has ended keeps no listener on its signal', async () => {
  const { signal } = new AbortController()
  const remove = vi.spyOn(signal, 'removeEventListener')
  const add = vi.spyOn(signal, 'addEventListener')
  await systemClock.sleep(1, signal)
  expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener))
  expect(add).toHaveBeenCalled()
})

test('a sleep longer than platform timers can hold does not end at once', async () => {
  const controller = new AbortController()
  let awake = false
  const sleeping = systemClock.sleep(2 ** 31 + 1_000, controller.signal).then(() => {
    awake = true
  })
  await systemClock.sleep(20)
  expect(awake).toBe(false)
  controller.abort()
  await expect(sleeping).rejects.toThrow()
})
