import { randomBytes } from '@bitdust/crypto'
import { type BlockId, journalEntryRecord } from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import { customerOf, storing } from './customers.ts'
import { meddled } from './lies.ts'
import { inTime, MIB, until } from './setup.ts'
import { entriesOf, linesIn, linesOf } from './trees.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('when suppliers die', () => {
  it('everything is read, replaced and rebuilt, and read again when the others die too', async () => {
    const settings = { pingEveryMs: 40, replaceAfterMs: 200, retryMs: 50, repairEveryMs: 1000 }
    const { customer, network, node } = await storing(4, { spare: 2 }, { settings })
    const tree = { a: randomBytes(200_000), b: { c: 'c', d: { link: 'c' } }, e: randomBytes(5 * MIB) }
    const expected = await linesOf(entriesOf(tree))
    await customer.put('docs', { entries: entriesOf(tree) }, inTime())
    const before = customer.family.current()!.body.positions
    for (const position of [0, 2]) network.supplierOf(before[position]!).down()
    expect(await linesIn(await customer.get('docs', inTime()))).toEqual(expected)

    await until(() => customer.family.current()!.body.revision > 1)
    await until(async () => (await customer.repair.run(inTime())).complete)
    const after = customer.family.current()!.body.positions
    expect(after.filter((peer, position) => peer.fingerprint !== before[position]!.fingerprint)).toHaveLength(2)
    for (const position of [1, 3]) network.supplierOf(before[position]!).down()
    const { customer: again } = await customerOf(node, { settings: { ...settings, replaceAfterMs: 1e9 } })
    expect(await linesIn(await again.get('docs', inTime()))).toEqual(expected)
  })

  it('a put that spans the change counts its blocks again, and names the new family', async () => {
    const { customer, network, node } = await storing(4, { spare: 1 })
    // Whatever is rebuilt here, the put itself does.
    await customer.repair.stop()
    const [first] = customer.family.current()!.body.positions
    const bytes = randomBytes(9 * MIB)
    async function* source() {
      // The first blocks are only at H suppliers, of whom one is replaced before the rest follows.
      network.supplierOf(first!).down()
      yield bytes.subarray(0, 8 * MIB)
      const before = await settledHolders()
      network.supplierOf(first!).up()
      await customer.family.replace(1, inTime())
      expect(await holders()).toHaveLength((before / 3) * 2)
      yield bytes.subarray(8 * MIB)
    }
    /** The block of each fragment that a supplier of the present family has. */
    async function holders(): Promise<readonly BlockId[]> {
      const query = { customer: node.self.fingerprint, location: null }
      const lists = customer.family.current()!.body.positions.map((peer, position) =>
        Array.fromAsync(node.remotes.listFragments(peer, query, inTime()))
          .then((listed) => listed.filter((one) => one.position === position).map(({ block }) => block))
          .catch(() => []),
      )
      return (await Promise.all(lists)).flat()
    }

    /** How many there are when nothing is under way any more: where the blocks end depends on the bytes. */
    async function settledHolders(): Promise<number> {
      let count = 0
      await until(async () => {
        const last = count
        await new Promise((resolve) => setTimeout(resolve, 250))
        count = (await holders()).length
        return count > 0 && count % 3 === 0 && count === last
      })
      return count
    }

    await customer.put('x', source(), inTime())
    expect(customer.family.current()!.body.revision).toBe(2)
    const [[, entry]] = (await Array.fromAsync(node.store.list({ prefix: 'journal/' }))) as [[string, Uint8Array]]
    expect(journalEntryRecord.open(entry).body.family).toBe(2)
    const counts = [...Map.groupBy(await holders(), (block) => block).values()].map(({ length }) => length)
    expect(counts.length).toBeGreaterThanOrEqual(3)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(3)
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
  })

  it('a put whose entry comes too late for the family is recorded for the next one', async () => {
    const { node, customer } = await storing(2)
    await customer.stop()
    let refusals = 0
    const late = meddled(node, (remotes) => ({
      async appendJournal(peer, entries, options) {
        if (refusals++ < 4)
          throw Object.assign(new Error('newer'), { code: 'RecordRollback', retryable: false, name: 'SupplierError' })
        return remotes.appendJournal(peer, entries, options)
      },
    }))
    const clock = {
      ...node.clock,
      sleep: (ms: number, signal?: AbortSignal) => node.clock.sleep(ms === 1000 ? 1 : ms, signal),
    }
    const { customer: other } = await customerOf({ ...late, clock })
    expect(await other.put('x', utf8('x'), inTime())).toMatchObject({ state: 'complete' })
    expect(await other.versions('x', inTime())).toHaveLength(1)
  })
})
