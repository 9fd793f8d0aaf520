import { generateDeviceKey, importRsaPrivateKey } from '@bitdust/crypto'
import { type Idurl, parseIdurl, peerIdOfDevice, signCertificate, signIdentity } from '@bitdust/identity'
import { toMermaid, transition } from '@bitdust/machine'
import { createVirtualClock, testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AcceptanceEvent,
  type AcceptanceState,
  shareAcceptanceStart,
  shareAcceptanceTable,
} from '../src/acceptance/machine.ts'
import type { OpenedGrant } from '../src/acceptance/open-grant.ts'
import { type GrantEvent, type GrantStep, shareGrantStart, shareGrantTable } from '../src/grant/machine.ts'
import { runGrant } from '../src/grant/run-grant.ts'
import { machines, type ShareLocation } from '../src/index.ts'
import { GRANT_LIMITS_MS } from '../src/limits.ts'
import { failureOf } from './world.ts'

const STEPS: readonly GrantStep[] = ['checking-online', 'auditing-master', 'publishing', 'sending-key', 'sending-list']
const peer = { fingerprint: 'f', idurl: 'http://id.example.com/bob.xml', peerId: 'p' } as never
const recipient = peer
const grantEvents: readonly GrantEvent[] = [
  { type: 'begin' },
  { type: 'online', devices: [peer] },
  { type: 'audited', recipient },
  { type: 'published' },
  { type: 'keyStored' },
  { type: 'listTaken', opened: true },
  { type: 'failed', error: 'why' },
  { type: 'timedOut' },
]

test('every machine prints a diagram of its own', () => {
  const diagrams = machines.map(({ name, table, initial }) => toMermaid(name, table, initial))
  expect(new Set(machines.map(({ name }) => name)).size).toBe(machines.length)
  for (const diagram of diagrams) expect(diagram).toContain('stateDiagram')
})

describe('share-grant', () => {
  test('goes through the five steps of the documents, in their order', () => {
    const states: string[] = []
    const effects: string[] = []
    let snapshot = shareGrantStart
    for (const event of grantEvents.slice(0, 6)) {
      const [next, wanted] = transition(shareGrantTable, snapshot, event)
      snapshot = next
      states.push(next.state)
      effects.push(...wanted.map(({ type }) => type))
    }
    expect(states).toEqual([...STEPS, 'done'])
    expect(effects).toEqual(['check', 'audit', 'publish', 'sendKey', 'sendList'])
    expect(snapshot.context).toEqual({ devices: [peer], recipient, opened: true, failure: null })
  })

  test('whatever happens, nothing leaves the ends, the key is sent only after audit and list, and the step is told', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...grantEvents), { maxLength: 30 }), (events) => {
        let snapshot = shareGrantStart
        const effects: string[] = []
        for (const event of events) {
          const [next, wanted] = transition(shareGrantTable, snapshot, event)
          if (snapshot.state === 'done' || snapshot.state === 'failed') expect(next).toBe(snapshot)
          if (next.state === 'failed' && snapshot.state !== 'failed')
            expect(next.context.failure?.step).toBe(snapshot.state)
          snapshot = next
          effects.push(...wanted.map(({ type }) => type))
        }
        const order = ['check', 'audit', 'publish', 'sendKey', 'sendList']
        expect(effects).toEqual(order.slice(0, effects.length))
      }),
    )
  })

  test.each([
    ['checking-online', 15_000],
    ['auditing-master', 15_000],
  ] as const)('a recipient who falls silent while %s ends the grant in time', async (step, limitMs) => {
    const clock = createVirtualClock()
    const asked = Promise.withResolvers<void>()
    const masterKey = await importRsaPrivateKey(testKeys[2048][0])
    const bob = await identityOf(clock.now())
    const never = (_: unknown, ...rest: readonly unknown[]) =>
      new Promise<never>((_, reject) => {
        const { signal } = rest.at(-1) as { readonly signal: AbortSignal }
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const { fingerprint } = masterKey.publicKey
    const pending = failureOf(
      runGrant(
        {
          self: {
            fingerprint,
            peerId: 'p',
            masterPublicKey: masterKey.publicKey,
            masterKey,
            encryptionKey: masterKey,
          },
          clock,
          sender: { identify: step === 'checking-online' ? never : async () => bob, request: never },

          // Neither is reached.
          locations: {} as never,
          files: {} as never,
        },
        { location: { alias: 'group_abc' } as ShareLocation, idurl: '' as Idurl, member: bob, rights: ['read'] },
        { signal: new AbortController().signal, onStep: (begun) => begun === step && asked.resolve() },
      ),
    )
    await asked.promise
    await clock.advance(limitMs - 1)
    expect(clock.sleepers).toBe(1)
    await clock.advance(1)
    expect(await pending).toMatchObject({ code: 'Timeout', step, retryable: true })
    expect(GRANT_LIMITS_MS[step]).toBe(limitMs)
  })
})

describe('share-acceptance', () => {
  const grant = { label: 'Holiday' } as OpenedGrant

  function run(...events: AcceptanceEvent[]): { state: AcceptanceState; effects: readonly string[] } {
    let snapshot = shareAcceptanceStart
    const effects: string[] = []
    for (const event of events) {
      const [next, wanted] = transition(shareAcceptanceTable, snapshot, event)
      snapshot = next
      effects.push(...wanted.map(({ type }) => type))
    }
    return { state: snapshot.state, effects }
  }

  const refused: AcceptanceEvent = { type: 'refused', error: new Error('no') }
  const verified: AcceptanceEvent = { type: 'verified', grant }

  test('a grant that is refused before it stands in the books takes nothing out of them', () => {
    expect(run({ type: 'arrived' }, refused)).toEqual({ state: 'refused', effects: ['verify'] })
    expect(run({ type: 'arrived' }, verified, refused)).toEqual({ state: 'refused', effects: ['verify', 'remember'] })
    expect(run({ type: 'arrived' }, verified, { type: 'remembered' }, refused)).toEqual({
      state: 'refused',
      effects: ['verify', 'remember', 'store', 'forget'],
    })
  })

  test('the books forget a share only when it is open or refused', () => {
    const stored: AcceptanceEvent[] = [{ type: 'arrived' }, verified, { type: 'remembered' }, { type: 'stored' }]
    const failing: AcceptanceEvent[] = [{ type: 'failed' }, { type: 'retry' }]
    expect(run(...stored, ...failing, ...failing).effects).toEqual([
      'verify',
      'remember',
      'store',
      'locate',
      'locate',
      'locate',
    ])
    expect(run(...stored, ...failing, { type: 'located' }, { type: 'finished' })).toEqual({
      state: 'ready',
      effects: ['verify', 'remember', 'store', 'locate', 'locate', 'finish', 'announce'],
    })
  })
})

async function identityOf(now: number) {
  const masterKey = await importRsaPrivateKey(testKeys[2048][1])
  const { publicKey } = await generateDeviceKey()
  const certificate = await signCertificate(
    { device: publicKey, label: 'bob', created: now, expires: now + 1e9 },
    masterKey,
  )
  expect(peerIdOfDevice(publicKey.bytes)).toMatch(/^12D3Koo/)
  const idurl = parseIdurl('http://id.example.com/bob.xml')
  const texts = { postage: '1', date: 'Sat Dec 13 14:08:36 2014', version: 'test', revision: 1 }
  const fields = { ...texts, contacts: [], sources: [idurl], certificates: [certificate], scrubbers: [] }
  return (await signIdentity(fields, masterKey)).document
}
