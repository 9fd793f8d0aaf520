import { randomBytes } from '@bitdust/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { customerOf, storing } from './customers.ts'
import { inTime, MIB } from './setup.ts'
import { anyTree, entriesOf, linesIn, linesOf, type TreeLine } from './trees.ts'

describe.each([2, 4, 7] as const)('with %i suppliers', (count) => {
  it(`any tree comes back byte for byte, also when ${Math.floor(count / 2)} of them are gone`, async () => {
    const { customer, node, network } = await storing(count)
    const stored = new Map<string, readonly TreeLine[]>()
    await fc.assert(
      fc.asyncProperty(anyTree, async (any) => {
        const path = `tree${stored.size}`
        const expected = await linesOf(entriesOf(any))
        stored.set(path, expected)
        expect(await customer.put(path, { entries: entriesOf(any) }, inTime())).toMatchObject({
          files: expected.filter(({ kind }) => kind !== 'folder').length,
          folders: expected.filter(({ kind }) => kind === 'folder').length,
          state: 'complete',
        })
        expect(await linesIn(await customer.get(path, inTime()))).toEqual(expected)
      }),
      { numRuns: 4 },
    )
    const large = randomBytes(count * MIB + 1)
    await customer.put('large', large, inTime())

    for (const supplier of network.suppliers.slice(0, Math.floor(count / 2))) supplier.down()
    // Another one, which has nothing in its cache.
    const { customer: again } = await customerOf(node)
    for (const [path, expected] of stored) expect(await linesIn(await again.get(path, inTime()))).toEqual(expected)
    const bytes = await (await again.get('large', inTime())).bytes()
    expect(Buffer.compare(bytes, large)).toBe(0)
  })
})
