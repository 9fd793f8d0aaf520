import { expect } from 'vitest'
import type { Coder } from '../coder.ts'
import type { RaidErrorCode } from '../errors.ts'
import { MAX_CODED_BYTES, MAX_FRAGMENTS } from '../limits.ts'
import { PRESETS } from '../presets.ts'
import { closedFormParity } from './closed-form.ts'

/** A property of every coder. */
interface CoderLaw {
  readonly title: string
  /** Throws when the coder breaks it. */
  hold(coder: Coder): Promise<void>
}

/** Lengths in bytes around the widths in which coders like to work, none of them round only. */
const LENGTHS = [1, 2, 15, 16, 17, 31, 33, 63, 65, 129, 1_000]

/** Fragments that are longer than what coders work on at a time, and end within a vector. */
const LONG = [
  { n: 2, size: 35_003 },
  { n: 7, size: 16_401 },
  { n: 26, size: 8_213 },
  { n: 64, size: 4_099 },
]

/** Bytes that look random and are the same in every run. */
function sample(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => ((at + 1) * 2_654_435_761 + seed * 40_503 + at * at * 97) >>> 11)
}

function sampleData(n: number, size: number): Uint8Array[] {
  return Array.from({ length: n }, (_, index) => sample(size, index + n))
}

function without<T>(fragments: readonly T[], lost: readonly number[]): (T | null)[] {
  return fragments.map((fragment, index) => (lost.includes(index) ? null : fragment))
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** One comparison: an assertion on thousands of bytes takes longer than coding them. */
function sameBytes(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return some.every((bytes, index) => bytes.every((byte, at) => byte === others[index]![at]))
}

async function refusal(work: Promise<unknown>, code: RaidErrorCode): Promise<void> {
  await expect(work).rejects.toMatchObject({ name: 'RaidError', code })
}

/** What is checked of every coder. Exported so that a test can show that broken coders break them. */
export const coderLaws: readonly CoderLaw[] = [
  {
    title: 'parity is that of the closed form, for every preset and every odd length',
    async hold(coder) {
      for (const n of PRESETS) {
        const data = sampleData(n, 16)
        expect(await coder.encode(data)).toEqual(closedFormParity(data, n))
      }
      for (const size of LENGTHS) {
        const data = sampleData(4, size)
        expect(await coder.encode(data, 3)).toEqual(closedFormParity(data, 3))
      }
      const uneven = sampleData(10, 33)
      expect(await coder.encode(uneven, 4)).toEqual(closedFormParity(uneven, 4))
    },
  },
  {
    title: 'the whole field can be used, and one fragment of each kind',
    async hold(coder) {
      const most = sampleData(MAX_FRAGMENTS / 2, 3)
      expect(await coder.encode(most)).toEqual(closedFormParity(most, MAX_FRAGMENTS / 2))
      const least = sampleData(1, 5)
      expect(await coder.encode(least)).toEqual(least)
    },
  },
  {
    title: 'zeros give zeros',
    async hold(coder) {
      const data = Array.from({ length: 7 }, () => new Uint8Array(40))
      expect(await coder.encode(data)).toEqual(data)
    },
  },
  {
    title: 'restores any lost data and parity, for every preset',
    async hold(coder) {
      for (const n of PRESETS) {
        const data = sampleData(n, 21)
        const all = [...data, ...(await coder.encode(data))]
        const losses = [
          [0],
          [2 * n - 1],
          range(0, n),
          range(n, 2 * n),
          range(0, 2 * n).filter((index) => index % 2 === 0),
          range(0, Math.floor(n / 2)).flatMap((position) => [position, n + position]),
        ]
        for (const lost of losses) expect(await coder.reconstruct(without(all, lost))).toEqual(all)
      }
    },
  },
  {
    title: 'long fragments are coded to their ends',
    async hold(coder) {
      for (const { n, size } of LONG) {
        const data = sampleData(n, size)
        const parity = await coder.encode(data)
        // Every byte is coded by itself, so some of them tell; the last ones and those around powers of two are likely to be wrong.
        const places = [0, 1_023, 1_024, 2_047, 2_048, 4_095, 4_096, 16_383, 16_384, size - 2, size - 1]
        const pick = (fragment: Uint8Array) => Uint8Array.from(places, (at) => fragment[at] ?? 0)
        expect(parity.map(pick)).toEqual(closedFormParity(data.map(pick), n))
        const all = [...data, ...parity]
        const lost = range(0, Math.floor(n / 2)).flatMap((position) => [position, n + position])
        expect(sameBytes(await coder.reconstruct(without(all, lost)), all)).toBe(true)
        expect(await coder.verify(all)).toBe(true)
        parity[n - 1]![0]! ^= 1
        expect(await coder.verify(all)).toBe(false)
      }
    },
  },
  {
    title: 'verify notices a wrong byte wherever it is',
    async hold(coder) {
      for (const n of PRESETS) {
        const data = sampleData(n, 35)
        const all = [...data, ...(await coder.encode(data))]
        expect(await coder.verify(all)).toBe(true)
        for (const [index, at] of [
          [0, 0],
          [n - 1, 34],
          [n, 16],
          [2 * n - 1, 34],
        ] as const) {
          const wrong = all.map((fragment) => fragment.slice())
          wrong[index]![at]! ^= 0x40
          expect(await coder.verify(wrong)).toBe(false)
        }
      }
    },
  },
  {
    title: 'writes to the arrays that it is given, and to nothing else',
    async hold(coder) {
      const data = sampleData(4, 50)
      const asked: number[] = []
      const buffer = new Uint8Array(1_000).fill(0xa5)
      const into = (index: number) => {
        asked.push(index)
        return buffer.subarray(10 + index * 60, 60 + index * 60)
      }
      const expected = buffer.slice()
      const parity = await coder.encode(data, 3, { into })
      expect(asked.splice(0)).toEqual([4, 5, 6])
      for (const [row, fragment] of parity.entries()) {
        expect(fragment.buffer).toBe(buffer.buffer)
        expected.set(closedFormParity(data, 3)[row]!, 10 + (4 + row) * 60)
      }
      expect(buffer).toEqual(expected)

      const all = [...data, ...(await coder.encode(data))]
      const restored = await coder.reconstruct(without(all, [0, 2, 5, 7]), { want: [7, 2], into })
      expect(asked.splice(0)).toEqual([2, 7])
      for (const index of [2, 7]) {
        expect(restored[index]!.buffer).toBe(buffer.buffer)
        expected.set(all[index]!, 10 + index * 60)
      }
      expect(buffer).toEqual(expected)

      const short = { into: () => new Uint8Array(49) }
      await refusal(coder.encode(data, 4, short), 'LimitExceeded')
      await refusal(coder.reconstruct(without(all, [0]), short), 'LimitExceeded')
    },
  },
  {
    title: 'any part of what is lost can be wanted',
    async hold(coder) {
      for (const n of PRESETS) {
        const data = sampleData(n, 18)
        const all = [...data, ...(await coder.encode(data))]
        for (const lostData of [0, 1, n >> 2, n >> 1, (3 * n) >> 2, n]) {
          const lost = [...range(0, lostData), ...range(n + lostData, 2 * n)]
          const given = without(all, lost)
          for (const want of [lost.filter((index) => index < n), lost.filter((index) => index >= n), lost.slice(-1)]) {
            const restored = await coder.reconstruct(given, { want })
            for (const index of want) expect(restored[index]).toEqual(all[index])
          }
        }
      }
    },
  },
  {
    title: 'one coder keeps working, whatever it did before and at the same time',
    async hold(coder) {
      const cases = Array.from({ length: 60 }, (_, round) => ({
        n: PRESETS[round % 4]!,
        size: 1 + ((round * 37) % 300),
        round,
      }))
      await Promise.all(
        cases.map(async ({ n, size, round }) => {
          const data = sampleData(n, size)
          const all = [...data, ...(await coder.encode(data))]
          const position = round % n
          expect(await coder.reconstruct(without(all, [position, n + position]))).toEqual(all)
        }),
      )
    },
  },
  {
    title: 'gives back what it was given, and restores only what is wanted',
    async hold(coder) {
      const data = sampleData(4, 16)
      const all = [...data, ...(await coder.encode(data))]
      const lost = [1, 2, 4, 7]
      const given = without(all, lost)
      for (const want of [[], [1], [7], [4, 2], [0, 1, 2, 3], [3, 3, 4, 4]]) {
        const result = await coder.reconstruct(given, { want })
        expect(result).toHaveLength(8)
        for (const [index, fragment] of result.entries()) {
          if (!lost.includes(index)) expect(fragment).toBe(given[index])
          else expect(fragment).toEqual(want.includes(index) ? all[index] : new Uint8Array(0))
        }
      }
      expect(await coder.reconstruct(all)).toEqual(all)
    },
  },
  {
    title: 'neither changes its arguments nor keeps them',
    async hold(coder) {
      // Fragments that are views of one larger array show a coder that goes by the whole buffer.
      const buffer = sample(200, 1)
      const before = buffer.slice()
      const data = range(0, 4).map((index) => buffer.subarray(10 + index * 40, 42 + index * 40))
      const parity = await coder.encode(data)
      expect(parity).toEqual(closedFormParity(data, 4))
      const given = [null, ...data.slice(1), ...parity.slice(0, 3), null]
      const listed = [...given]
      const restored = await coder.reconstruct(given)
      expect(buffer).toEqual(before)
      expect(given).toEqual(listed)
      const expected = restored[0]!.slice()
      expect(expected).toEqual(before.slice(10, 42))
      for (const fragment of parity) fragment.fill(0)
      await coder.encode(data.map((fragment) => fragment.map((byte) => byte ^ 0xff)))
      expect(restored[0]).toEqual(expected)
    },
  },
  {
    title: 'fewer than n fragments are refused with what is missing',
    async hold(coder) {
      const data = sampleData(4, 16)
      const all = [...data, ...(await coder.encode(data))]
      const loss = { code: 'NotEnoughFragments', have: 3, need: 4, missing: [0, 2, 3, 5, 6], retryable: true }
      await expect(coder.reconstruct(without(all, loss.missing))).rejects.toMatchObject(loss)
      await refusal(coder.reconstruct(without(all, range(0, 8))), 'NotEnoughFragments')
    },
  },
  {
    title: 'fragments that do not fit together are refused',
    async hold(coder) {
      const [first, second] = [sample(16, 1), sample(16, 2)]
      await refusal(coder.encode([first, sample(15, 2)]), 'FragmentCorrupt')
      await refusal(coder.encode([new Uint8Array(0), new Uint8Array(0)]), 'FragmentCorrupt')
      await refusal(coder.encode([]), 'FragmentCorrupt')
      await refusal(coder.reconstruct([first, sample(17, 2), null, second]), 'FragmentCorrupt')
      await refusal(coder.reconstruct([first, null, second]), 'FragmentCorrupt')
      await refusal(coder.reconstruct([]), 'FragmentCorrupt')
      await refusal(coder.reconstruct([new Uint8Array(0), null]), 'FragmentCorrupt')
      await refusal(coder.verify([first, second, first]), 'FragmentCorrupt')
      await refusal(coder.verify([first, sample(15, 2)]), 'FragmentCorrupt')
      await refusal(coder.verify([]), 'FragmentCorrupt')
    },
  },
  {
    title: 'numbers beyond the limits are refused',
    async hold(coder) {
      const data = sampleData(2, 4)
      for (const parityCount of [0, -1, 0.5, Number.NaN, MAX_FRAGMENTS - 1]) {
        await refusal(coder.encode(data, parityCount), 'LimitExceeded')
      }
      await refusal(coder.reconstruct(sampleData(MAX_FRAGMENTS + 2, 1)), 'LimitExceeded')
      for (const index of [-1, 4, 0.5]) {
        await refusal(coder.reconstruct([null, ...data, null], { want: [index] }), 'LimitExceeded')
      }
      const large = new Uint8Array(MAX_CODED_BYTES / 4 + 1)
      await refusal(coder.encode([large, large]), 'LimitExceeded')
      await refusal(coder.reconstruct([large, null, large, null]), 'LimitExceeded')
    },
  },
]
