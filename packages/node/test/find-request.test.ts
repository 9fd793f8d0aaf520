import { type DeviceKey, generateDeviceKey } from '@bitdust/crypto'
import { enrolmentCode, enrolmentRequestRecord } from '@bitdust/records'
import { expect, test } from 'vitest'
import { enrolmentWords } from '../src/enrolment/enrolment-words.ts'
import { type FindRequestOptions, findRequest } from '../src/enrolment/find-request.ts'
import { aliceKey, encryptionKey, malloryKey, TODAY } from './own-folder.ts'

const HOUR_MS = 3_600_000
const device = await generateDeviceKey()
const owner = aliceKey.publicKey.fingerprint

async function requestOf(key: DeviceKey, created = TODAY): Promise<Uint8Array> {
  const body = { device: key.publicKey.id, encryptionKey: encryptionKey.publicKey.spki, label: 'laptop', created }
  return (await enrolmentRequestRecord.sign(body, key)).bytes
}

/** Looks for a code where `found` lies, whatever is asked for. */
function find(code: string, found: Uint8Array | null, now = TODAY) {
  const dht: FindRequestOptions['dht'] = { findEnrolment: async () => found }
  return findRequest({ code, owner, dht, now, signal: new AbortController().signal })
}

test('a request is found by its code, however it is typed', async () => {
  const request = await requestOf(device)
  const code = enrolmentCode(request)
  for (const typed of [code, code.toLowerCase(), code.replaceAll('-', ' '), code.replaceAll('-', '')]) {
    const found = await find(typed, request)
    expect(found.body.label).toBe('laptop')
    expect(found.words).toBe(enrolmentWords(request, owner))
    expect(found.words.split('-')).toHaveLength(6)
  }
})

test('the words differ for every request and every owner', async () => {
  const [one, two] = [await requestOf(device), await requestOf(device, TODAY + 1)]
  const words = [
    enrolmentWords(one, owner),
    enrolmentWords(two, owner),
    enrolmentWords(one, malloryKey.publicKey.fingerprint),
  ]
  expect(new Set(words).size).toBe(3)
})

test('what is no code, a code of nothing, and a request in the place of another one are told apart', async () => {
  const request = await requestOf(device)
  const other = await requestOf(await generateDeviceKey())
  const code = enrolmentCode(request)
  await expect(find('hello', request)).rejects.toMatchObject({ code: 'RecordInvalid' })
  await expect(find(code, null)).rejects.toMatchObject({ code: 'NotFound' })
  await expect(find(code, other)).rejects.toMatchObject({ code: 'Unauthorized' })
})

test('a request that was changed is refused, at every byte', async () => {
  const request = await requestOf(device)
  for (let at = 0; at < request.length; at += 7) {
    const changed = request.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    // Its code is another one; and when an attacker could choose the code, it is not signed.
    await expect(find(enrolmentCode(request), changed)).rejects.toMatchObject({ code: 'Unauthorized' })
    await expect(find(enrolmentCode(changed), changed)).rejects.toHaveProperty('code')
  }
})

test('a request counts for an hour, with an hour for clocks that differ', async () => {
  const request = await requestOf(device)
  const code = enrolmentCode(request)
  await find(code, request, TODAY + 2 * HOUR_MS - 1)
  await expect(find(code, request, TODAY + 2 * HOUR_MS + 1)).rejects.toMatchObject({ code: 'RecordExpired' })
})
