import { createVirtualClock } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  findContacts,
  type IdentityDocument,
  IdentityError,
  type Idurl,
  multiaddrsOfDevice,
  peerIdOfDevice,
  signIdentity,
} from '../src/index.ts'
import { identityFields } from './identity-fields.ts'
import { aliceKey } from './test-keys.ts'

const clock = createVirtualClock()
const device = peerIdOfDevice(new Uint8Array(32).fill(1))
let signed: IdentityDocument

beforeAll(async () => {
  signed = (await signIdentity(identityFields(), aliceKey)).document
})

/** Who somebody is matters nowhere here, only where he is published and what he says. */
function person(name: string, contacts: readonly string[]): IdentityDocument {
  return { ...signed, sources: [`http://first-machine.com/${name}.xml` as Idurl], contacts }
}

function network(...people: readonly IdentityDocument[]) {
  const asked: string[] = []
  const resolver = {
    resolve: async (who: unknown) => {
      asked.push(String(who))
      const found = people.find(({ sources }) => sources.some((source) => source === who))
      if (found !== undefined) return found
      throw new IdentityError('NotFound', `${who} is not there`)
    },
  }
  return { asked, find: (document: IdentityDocument) => findContacts(document, { resolver, clock }) }
}

describe('contacts that name a user at an ID-server', () => {
  test('stand for the contacts of his identity, in their place', async () => {
    const bob = person('bob', ['tcp://5.6.7.8:1', 'http://5.6.7.8:2'])
    const alice = person('alice', ['tcp://1.2.3.4:1', 'udp://bob@first-machine.com', 'tcp://1.2.3.4:2'])
    const { asked, find } = network(bob)
    const found = await find(alice)
    expect(found).toEqual(['tcp://1.2.3.4:1', 'tcp://5.6.7.8:1', 'http://5.6.7.8:2', 'tcp://1.2.3.4:2'])
    expect(asked).toEqual(['http://first-machine.com/bob.xml'])
    expect(multiaddrsOfDevice(found, device)[1]).toBe(`/ip4/5.6.7.8/tcp/1/p2p/${device}`)
  })

  test('the document of the documents names itself: nobody is asked', async () => {
    const { asked, find } = network()
    expect(await find(person('alice', ['tcp://123.45.67.89:7771', 'udp://alice@first-machine.com']))).toEqual([
      'tcp://123.45.67.89:7771',
    ])
    expect(asked).toEqual([])
  })

  test('the port is that of the ID-server', async () => {
    const { asked, find } = network()
    await find(person('alice', ['udp://bob@9.8.7.6:8084']))
    expect(asked).toEqual(['http://9.8.7.6:8084/bob.xml'])
  })

  test('who moved is found by the resolver, and what he says is not doubled', async () => {
    const moved = {
      ...person('alice', ['tcp://1.2.3.4:1', 'udp://alice@old.com']),
      sources: ['http://new.com/alice.xml' as Idurl],
    }
    const resolver = { resolve: async () => moved }
    expect(await findContacts(moved, { resolver, clock })).toEqual(['tcp://1.2.3.4:1'])
  })

  test('circles end', async () => {
    const bob = person('bob', ['udp://carol@first-machine.com', 'tcp://5.6.7.8:1'])
    const carol = person('carol', ['udp://bob@first-machine.com', 'udp://alice@first-machine.com', 'tcp://9.9.9.9:1'])
    const alice = person('alice', ['udp://bob@first-machine.com'])
    const { asked, find } = network(alice, bob, carol)
    expect(await find(alice)).toEqual(['tcp://9.9.9.9:1', 'tcp://5.6.7.8:1'])
    expect(asked).toHaveLength(2)
  })

  test('a chain is followed three steps', async () => {
    const chain = [1, 2, 3, 4, 5].map((n) =>
      person(`user${n}`, [`tcp://1.2.3.4:${n}`, `udp://user${n + 1}@first-machine.com`]),
    )
    const { asked, find } = network(...chain)
    expect(await find(person('alice', ['udp://user1@first-machine.com']))).toEqual(
      [1, 2, 3].map((n) => `tcp://1.2.3.4:${n}`),
    )
    expect(asked).toHaveLength(3)
  })

  test('one document makes us ask eight times at most, and gives sixteen contacts', async () => {
    const names = (prefix: string) => Array.from({ length: 16 }, (_, n) => `udp://${prefix}${n}@first-machine.com`)
    const people = names('a').map((_, n) =>
      person(`a${n}`, [...Array.from({ length: 15 }, (__, port) => `tcp://1.2.3.${n}:${port + 1}`), ...names('b')]),
    )
    const { asked, find } = network(...people)
    expect(await find(person('alice', names('a')))).toHaveLength(16)
    expect(asked).toHaveLength(8)
  })

  test('T10 a user on a private host is not looked up', async () => {
    const { asked, find } = network()
    expect(await find(person('alice', ['udp://bob@127.0.0.1:8084', 'udp://bob@10.0.0.1', 'tcp://1.2.3.4:1']))).toEqual([
      'tcp://1.2.3.4:1',
    ])
    expect(asked).toEqual([])
  })

  test('who is not found, or not in time, is left out', async () => {
    const alice = person('alice', ['udp://nobody@first-machine.com', 'udp://slow@first-machine.com', 'tcp://1.2.3.4:1'])
    const resolver = {
      resolve: (who: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<IdentityDocument>((_, reject) => {
          if (String(who).includes('nobody')) reject(new IdentityError('NotFound', 'nobody'))
          signal?.addEventListener('abort', () => reject(signal.reason))
        }),
    }
    const found = findContacts(alice, { resolver, clock, timeoutMs: 1000 })
    await clock.advance(1000)
    expect(await found).toEqual(['tcp://1.2.3.4:1'])
  })

  test('an abort ends it with the reason of the signal', async () => {
    const resolver = { resolve: () => Promise.reject(new Error('aborted')) }
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(findContacts(person('alice', ['udp://bob@a.com']), { resolver, clock, signal })).rejects.toThrow(
      'enough',
    )
  })
})
