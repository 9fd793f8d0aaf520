import { type Fingerprint, sha256, toHex, u32be } from '@bitdust/crypto'
import { parseIdurl } from '@bitdust/identity'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Candidate, choosePlacement } from '../src/index.ts'
import { networksOf } from '../src/networks.ts'

/** A candidate with its own identity and peer id; equal numbers give equal ones. */
function candidate(
  identity: number,
  { peer = identity, address }: { peer?: number; address?: string } = {},
): Candidate {
  return {
    fingerprint: toHex(sha256(u32be(identity))) as Fingerprint,
    idurl: parseIdurl(`http://id${identity}.net/user.xml`),
    peerId: `peer ${peer}`,
    ...(address === undefined ? {} : { addresses: [address] }),
  }
}

const v4 = (network: number, host = 1) => `/ip4/93.184.${network}.${host}/tcp/7771`
const seed = 'seed'

describe('networks', () => {
  test.each([
    ['/ip4/93.184.216.34/tcp/7771', ['93.184.216.0/24']],
    ['/ip6/2606:2800:220:1:248:1893:25c8:1946/tcp/7771', ['2606:2800:220::/48']],
    ['/ip6/::ffff:93.184.216.34/tcp/1', ['93.184.216.0/24']],
    ['/ip4/127.0.0.1/tcp/7771', []],
    ['/ip4/192.168.1.7/tcp/7771', []],
    ['/ip6/::1/tcp/1', []],
    ['/dns4/example.com/tcp/1', []],
    ['/ip4/999.1.1.1/tcp/1', []],
    ['', []],
  ])('of %s', (address, networks) => {
    expect(networksOf({ addresses: [address, address] })).toEqual(networks)
  })
})

const candidates = fc.array(
  fc
    .record({ identity: fc.nat(12), peer: fc.nat(12), network: fc.option(fc.nat(6)) })
    .map(({ identity, peer, network }) =>
      candidate(identity, network === null ? { peer } : { peer, address: v4(network) }),
    ),
  { maxLength: 24 },
)

test('law: nobody is chosen twice or beside himself, and the order of the candidates does not matter', () => {
  fc.assert(
    fc.property(candidates, candidates, fc.nat(8), fc.string(), (given, held, count, seed) => {
      const current = choosePlacement({ candidates: held, current: [], count: 4, seed }).chosen
      const { chosen } = choosePlacement({ candidates: given, current, count, seed })
      const all = [...current, ...chosen]
      expect(chosen.length).toBeLessThanOrEqual(count)
      expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(all.length)
      expect(new Set(all.map(({ peerId }) => peerId)).size).toBe(all.length)
      const again = choosePlacement({ candidates: given.toReversed(), current, count, seed }).chosen
      const names = (list: readonly Candidate[]) => list.map(({ fingerprint, peerId }) => [fingerprint, peerId])
      expect(names(again)).toEqual(names(chosen))
    }),
  )
})

test('law: where there are enough networks, none is shared', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { minLength: 8 }), fc.string(), (networks, seed) => {
      const crowd = Array.from({ length: 40 }, (_, i) => candidate(1000 + i, { address: v4(255, i) }))
      const spread = networks.map((network) => candidate(network, { address: v4(network) }))
      const placement = choosePlacement({ candidates: [...crowd, ...spread], current: [], count: 8, seed })
      expect(placement.chosen).toHaveLength(8)
      expect(placement.sharedNetworks).toEqual([])
    }),
  )
})

test('avoids the networks of those who stay', () => {
  const current = [candidate(1, { address: v4(1) })]
  const near = candidate(2, { address: v4(1, 9) })
  const far = candidate(3, { address: v4(2) })
  for (const seed of ['a', 'b', 'c', 'd']) {
    expect(choosePlacement({ candidates: [near, far], current, count: 1, seed }).chosen).toEqual([far])
  }
})

test('takes what there is and reports poor diversity', () => {
  const crowd = [1, 2, 3].map((i) => candidate(i, { address: v4(7, i) }))
  const placement = choosePlacement({ candidates: crowd, current: [], count: 5, seed })
  expect(placement.chosen).toHaveLength(3)
  expect(placement.sharedNetworks).toEqual(['93.184.7.0/24'])
})

test('the seed decides between equals', () => {
  const equals = Array.from({ length: 16 }, (_, i) => candidate(i))
  const choices = new Set(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(
      (seed) => choosePlacement({ candidates: equals, current: [], count: 1, seed }).chosen[0]?.idurl,
    ),
  )
  expect(choices.size).toBeGreaterThan(1)
})
