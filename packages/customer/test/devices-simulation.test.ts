import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCustomerError } from '../src/errors.ts'
import { type RunningCustomer, storing } from './customers.ts'
import { enrol, given, pathsOf } from './devices.ts'
import { inTime } from './setup.ts'

const LONG = process.env.BITDUST_LONG === '1'
const PING_MS = 50
/** One run takes 2 s, and several times that on a machine that has much else to do. */
const TIMEOUT_MS = LONG ? 600_000 : 60_000
const settings = { pingEveryMs: PING_MS }

/** What happens, one thing after another; puts of several devices at once are one of them. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ revoke: fc.integer({ min: 1, max: 3 }), heard: fc.uniqueArray(fc.nat(3)) }) },
  { weight: 1, arbitrary: fc.record({ away: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ repair: true as const }) },
)

/** A device learns only in time that a supplier is back, and says so by errors that are worth another attempt. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isCustomerError(error) || !error.retryable || attempt === 20) throw error
      await pause(PING_MS)
    }
  }
}

it(
  'whatever devices write, lose and revoke, all that was acknowledged is there, and nothing of the revoked',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 8 }), async (steps) => {
        const { network, ...owner } = await storing(4, {}, { settings })
        const master = await owner.customer.locations.master(inTime())
        const devices: RunningCustomer[] = [owner]
        for (let i = 0; i < 3; i++) devices.push(await enrol(network, owner, undefined, { settings }))
        const revoked = new Set<number>()
        const expected = new Set<string>()
        let away: number | undefined

        async function put(index: number, number: number): Promise<void> {
          const path = `${number}-by-${index}`
          const bytes = new TextEncoder().encode(path)
          const { customer } = devices[index]!
          if (revoked.has(index)) {
            await expect(customer.put(path, bytes, inTime())).rejects.toMatchObject({ name: 'CustomerError' })
            return
          }
          await patiently(() => customer.put(path, bytes, inTime()))
          expected.add(path)
        }

        for (const [number, one] of steps.entries()) {
          if ('put' in one) await Promise.all(one.put.map((index) => put(index, number)))
          else if ('revoke' in one) {
            const device = devices[one.revoke]!.node
            if (!revoked.has(one.revoke)) {
              const identity = await network.revoke(device)
              for (const supplier of one.heard) await network.suppliers[supplier]!.learn(identity)
            }
            revoked.add(one.revoke)
            await patiently(() => owner.customer.locations.renew(master, { without: [given(device)] }, inTime()))
          } else if ('away' in one) {
            if (away !== undefined) network.suppliers[away]!.up()
            away = away === one.away ? undefined : one.away
            if (away !== undefined) network.suppliers[away]!.down()
          } else await patiently(() => owner.customer.repair.run(inTime()))
        }

        for (const [index, device] of devices.entries()) {
          if (revoked.has(index)) continue
          expect(await patiently(() => pathsOf(device))).toEqual([...expected].sort())
          const told = device.problems.filter(({ code }) => code !== 'CatalogFreshnessUnknown')
          expect(told).toEqual([])
        }
        await Promise.all(devices.map(({ customer }) => customer.stop()))
        await network.stop()
      }),
      { numRuns: LONG ? 40 : 2 },
    )
  },
  TIMEOUT_MS,
)
