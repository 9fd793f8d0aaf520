import type { Fingerprint } from '@bitdust/crypto'
import { expect, test } from 'vitest'
import { type Dealings, identitiesInUse } from '../src/wiring/identities-in-use.ts'

const who = (name: string) => name as Fingerprint

test('everybody whom the node deals with is in use', async () => {
  const dealings = {
    own: who('me'),
    keys: {
      async *list() {
        yield { kind: 'private', creator: who('maker') }
        yield { kind: 'damaged' }
      },
    },
    customer: { family: { current: () => ({ body: { positions: [{ fingerprint: who('supplier') }] } }) } },
    supplier: { customers: () => [{ customer: who('customer') }] },
    shares: { list: async () => [{ owner: who('owner'), members: [{ identity: who('member') }, { identity: null }] }] },
  } as unknown as Dealings
  expect([...(await identitiesInUse(dealings))].sort()).toEqual(
    ['customer', 'maker', 'me', 'member', 'owner', 'supplier'].sort(),
  )
})

test('a node without roles deals with itself', async () => {
  const keys = { async *list() {} }
  const dealings = { own: who('me'), keys, customer: null, supplier: null, shares: null }
  expect([...(await identitiesInUse(dealings))]).toEqual(['me'])
})
