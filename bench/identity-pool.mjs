import { generateKeyPair } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { importRsaPrivateKey } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, signIdentity } from '@bitdust/identity'

/** Own host of the servers under test. */
export const HOST = 'id.example'

const KEYS = 64
/** How many signatures are under way at once in one thread; each runs in the thread pool. */
const AT_ONCE = 8

/** Private keys of 2048 bits, as PEM. */
export function makeKeys(count = KEYS) {
  const make = promisify(generateKeyPair)
  const encoding = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }
  return Promise.all(
    Array.from({ length: count }, async () => (await make('rsa', { modulusLength: 2048, ...encoding })).privateKey),
  )
}

/** The name of the identity with this number. */
export const nameOf = (number) => `user-${number}`

/** Signed identities with names of their own, in turn by these keys. @returns Their bytes, in order. */
export async function makeIdentities(pems, count, first = 0) {
  const keys = await Promise.all(pems.map((pem) => importRsaPrivateKey(pem)))
  const made = []
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let index = lane; index < count; index += AT_ONCE)
        made[index] = await makeIdentity(nameOf(first + index), keys[(first + index) % keys.length])
    }),
  )
  return made
}

async function makeIdentity(name, key) {
  const fields = {
    contacts: ['tcp://123.45.67.89:7771'],
    sources: [parseIdurl(`http://${HOST}/${name}.xml`)],
    certificates: [],
    scrubbers: [],
    postage: '1',
    date: formatIdentityDate(Date.UTC(2026, 0, 1)),
    version: 'bench/1',
    revision: 1,
  }
  return (await signIdentity(fields, key)).bytes
}

/** Fills a folder with identities as `fileIdentityStore` keeps them, by all cores. */
export async function fillFolder(folder, pems, count) {
  await mkdir(folder, { mode: 0o700 })
  const threads = availableParallelism()
  const each = Math.ceil(count / threads)
  await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const first = thread * each
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { folder, pems, first, count: Math.min(each, count - first) },
      })
      return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
}

/** Identities that one thread has in memory at a time. */
const BATCH = 1_000

if (!isMainThread && workerData?.folder !== undefined) {
  const { folder, pems, first, count } = workerData
  for (let done = 0; done < count; done += BATCH) {
    const some = await makeIdentities(pems, Math.min(BATCH, count - done), first + done)
    await Promise.all(
      some.map((bytes, index) =>
        writeFile(join(folder, `${nameOf(first + done + index)}.xml`), bytes, { mode: 0o600 }),
      ),
    )
  }
  parentPort.postMessage('done')
}
