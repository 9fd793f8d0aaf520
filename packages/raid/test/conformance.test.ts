import { expect, test } from 'vitest'
import { coderLaws } from '../src/conformance/laws.ts'
import { type Coder, createCoder, RaidError } from '../src/index.ts'

/** Coders with one defect each, as seen in the wild. The laws are worth something only if each of them is caught. */
const defects: Record<string, (good: Coder) => Partial<Coder>> = {
  'other parity bytes': (good) => ({
    encode: async (...args) => (await good.encode(...args)).reverse(),
  }),
  'parity left lost': (good) => ({
    async reconstruct(fragments, options) {
      const n = fragments.length / 2
      return (await good.reconstruct(fragments, options)).map((fragment, index) =>
        index >= n && fragments[index] === null ? new Uint8Array(fragment.length) : fragment,
      )
    },
  }),
  'changes its input': (good) => ({
    async encode(data, ...rest) {
      const parity = await good.encode(data, ...rest)
      data[0]?.fill(0)
      return parity
    },
  }),
  'returns what it uses again': (good) => {
    const kept = Array.from({ length: 256 }, () => new Uint8Array(1_000))
    return {
      encode: async (data, count, options) =>
        (await good.encode(data, count, options)).map((fragment, index) => {
          if (options?.into !== undefined || fragment.length > 1_000) return fragment
          kept[index]!.set(fragment)
          return kept[index]!.subarray(0, fragment.length)
        }),
    }
  },
  'restores what nobody wants': (good) => ({
    reconstruct: (fragments, { want, ...options } = {}) =>
      good.reconstruct(fragments, want?.length ? options : { want: [] }),
  }),
  'goes wrong after some calls': (good) => {
    let calls = 0
    return {
      async reconstruct(fragments, options) {
        if (++calls > 50) throw new RaidError('NotEnoughFragments', 'free list in knots')
        return good.reconstruct(fragments, options)
      },
    }
  },
  'does not say what is missing': (good) => ({
    reconstruct: (fragments, options) =>
      good.reconstruct(fragments, options).catch(({ code, message }: RaidError) => {
        throw new RaidError(code, message)
      }),
  }),
  'cuts long fragments to the shortest': (good) => ({
    encode(data, ...rest) {
      const size = Math.min(...data.map((fragment) => fragment.length))
      return good.encode(
        data.map((fragment) => fragment.subarray(0, size)),
        ...rest,
      )
    },
  }),
  'no limits': (good) => ({
    encode: (...args) =>
      good.encode(...args).catch((error: RaidError) => {
        if (error.code === 'LimitExceeded') return []
        throw error
      }),
  }),
  'forgets the end of long fragments': (good) => ({
    encode: async (...args) =>
      (await good.encode(...args)).map((fragment) => fragment.fill(0, Math.min(fragment.length, 4_096))),
  }),
  'believes everything': (good) => ({ verify: (fragments) => good.verify(fragments).then(() => true) }),
  'does not look at the last byte': (good) => ({
    verify: (fragments) => good.verify(fragments).then((right) => right || fragments[0]!.length > 34),
  }),
  'has arrays of its own': (good) => ({
    encode: (data, count, options) =>
      good.encode(data, count, options).then((all) => all.map((bytes) => bytes.slice())),
  }),
  'writes whole vectors': (good) => ({
    encode: (data, count, options) =>
      good.encode(data, count, options).then((all) => {
        for (const { buffer, byteOffset, length } of all) {
          const end = byteOffset + length
          new Uint8Array(buffer, end, Math.min(buffer.byteLength - end, -length & 15)).fill(0)
        }
        return all
      }),
  }),
}

test.each(Object.entries(defects))('a coder with this defect breaks a law: %s', async (_, make) => {
  const good = await createCoder()
  const bad = { ...good, ...make(good) }
  const results = await Promise.allSettled(coderLaws.map(({ hold }) => hold(bad)))
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
})
