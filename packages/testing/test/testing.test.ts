import { createPrivateKey } from 'node:crypto'
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createVirtualClock, flipBits, requirement, seededRandom, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'

describe('test keys', () => {
  test.each([2048, 3072, 4096] as const)('are RSA keys of %i bits, all different', (bits) => {
    const keys: readonly string[] = testKeys[bits]
    for (const pem of keys) {
      const details = createPrivateKey(pem).asymmetricKeyDetails
      expect(details).toMatchObject({ modulusLength: bits, publicExponent: 65537n })
    }
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('virtual clock', () => {
  test('wakes sleepers in order of their time, each at its time', async () => {
    const clock = createVirtualClock({ start: 1_000 })
    const woken: [string, number][] = []
    for (const [name, ms] of [
      ['c', 30],
      ['a', 10],
      ['b', 10],
    ] as const) {
      void clock.sleep(ms).then(() => woken.push([name, clock.now()]))
    }
    await clock.advance(20)
    expect(woken).toEqual([
      ['a', 1_010],
      ['b', 1_010],
    ])
    expect(clock.now()).toBe(1_020)
    await clock.advance(10)
    expect(woken.at(-1)).toEqual(['c', 1_030])
    expect(clock.sleepers).toBe(0)
  })

  test('a sleep started by a woken sleeper belongs to the same advance', async () => {
    const clock = createVirtualClock()
    let ticks = 0
    async function tick(): Promise<void> {
      for (;;) {
        await clock.sleep(100)
        ticks++
      }
    }
    void tick()
    await clock.advance(1_050)
    expect(ticks).toBe(10)
    expect(clock.monotonic()).toBe(1_050)
  })

  test('an aborted sleep rejects with the reason and leaves nothing behind', async () => {
    const clock = createVirtualClock()
    const controller = new AbortController()
    const sleep = clock.sleep(10, controller.signal)
    controller.abort(new Error('enough'))
    await expect(sleep).rejects.toThrow('enough')
    await expect(clock.sleep(10, controller.signal)).rejects.toThrow('enough')
    expect(clock.sleepers).toBe(0)
  })

  test('a jump of the wall clock does not move the monotonic one', () => {
    const clock = createVirtualClock({ start: 5_000 })
    clock.jump(-3_000)
    expect([clock.now(), clock.monotonic()]).toEqual([2_000, 0])
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })
})

describe('seeded random', () => {
  test('equal seeds give equal bytes, however they are asked for; other seeds give others', () => {
    expect(seededRandom('x')(13)).toEqual(seededRandom('x')(13))
    expect(seededRandom('x')(13)).not.toEqual(seededRandom('y')(13))
    expect(seededRandom(1)(0)).toHaveLength(0)
    expect(Buffer.from(seededRandom(7)(8)).toString('hex')).toMatchInlineSnapshot(`"7ab5d2900f04a8c9"`)
  })

  test('int stays below max and reaches every value', () => {
    const random = seededRandom(3)
    const seen = new Set(Array.from({ length: 500 }, () => random.int(7)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(() => random.int(0)).toThrow(RangeError)
  })
})

test('flipBits gives every copy that differs in one bit', () => {
  const original = Uint8Array.of(0, 255)
  const flipped = [...flipBits(original)]
  expect(flipped).toHaveLength(16)
  expect(flipped[9]).toEqual({ index: 1, bit: 1, bytes: Uint8Array.of(0, 253) })
  expect(original).toEqual(Uint8Array.of(0, 255))
})

test('a temporary folder is there in its scope and gone after it', async () => {
  let path: string
  {
    await using folder = await temporaryFolder()
    path = folder.path
    await writeFile(join(path, 'file'), 'text')
  }
  await expect(access(path)).rejects.toThrow('ENOENT')
})

describe('requirement', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  test('skips with a printed reason', () => {
    vi.stubEnv('BITDUST_REQUIRE', '')
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(requirement('nft', true, 'not used')).toBe(false)
    expect(requirement('nft', false, 'not installed')).toBe(true)
    expect(write).toHaveBeenCalledExactlyOnceWith('skipped, needs nft: not installed\n')
  })

  test('throws where everything is required', () => {
    vi.stubEnv('BITDUST_REQUIRE', 'all')
    expect(() => requirement('nft', false, 'not installed')).toThrow('nft is required here')
  })
})
