import { constants, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { requestOf, startBeside, startLoad } from './beside.mjs'
import { fillFolder, makeIdentities, makeKeys, nameOf } from './identity-pool.mjs'
import { printRatio, round } from './ratio.mjs'
import { median, usageOf } from './usage.mjs'

const GET_CONNECTIONS = 8
const PUT_CONNECTIONS = 16
const ROUND_MS = 1_500
/** New identities in each round. */
const PUTS = 1_000
/** Identities on disk when memory is measured, and how many of them are read, in no order. */
const STORED = 100_000
const READ = 20_000
const MEMORY_LIMIT_MIB = 200

/** An ID-server in a process of its own, with the load from another one, against what is bare in the same place. */
export async function benchIdServer({ directory, rounds, identities = STORED, print }) {
  const keys = await makeKeys()
  const load = startLoad()
  try {
    await benchGet({ directory, keys, load, rounds, print })
    await benchPut({ directory, keys, load, rounds, print })
    await benchStored({ directory, keys, load, identities, print })
  } finally {
    await load.stop()
  }
}

async function benchGet({ directory, keys, load, rounds, print }) {
  const [identity] = await makeIdentities(keys, 1)
  const path = `/${nameOf(0)}.xml`
  const ours = await startOurs(join(directory, 'get'))
  await load.ask({
    port: ours.port,
    requests: [requestOf('PUT', path, identity)],
    connections: 1,
    status: 201,
    once: true,
  })
  const answer = await fetch(`http://127.0.0.1:${ours.port}${path}`)
  const served = { bytes: Buffer.from(await answer.arrayBuffer()), headers: Object.fromEntries(answer.headers) }
  // What Node adds by itself it adds to the bare one, too.
  for (const name of ['date', 'connection', 'keep-alive']) delete served.headers[name]
  const bare = await startBare('get', served)
  const runs = { ours: [], bare: [] }
  try {
    const job = { requests: [requestOf('GET', path)], connections: GET_CONNECTIONS, status: 200, ms: ROUND_MS }
    for (let round = -1; round < rounds; round++) {
      const figures = {
        ours: await load.ask({ ...job, port: ours.port }),
        bare: await load.ask({ ...job, port: bare.port }),
      }
      if (round >= 0) for (const name of ['ours', 'bare']) runs[name].push(figures[name])
    }
  } finally {
    await Promise.all([ours.stop(), bare.stop()])
  }
  printRatio(print, `ID-server GET, ${identity.length} bytes, ${GET_CONNECTIONS} connections`, {
    unit: 'per s',
    ours: runs.ours.map(({ perSecond }) => perSecond),
    theirs: { 'node:http': runs.bare.map(({ perSecond }) => perSecond) },
    limit: 0.4,
    aim: 0.7,
    'p95 ms': round(median(runs.ours.map(({ p95 }) => p95))),
    'node:http p95 ms': round(median(runs.bare.map(({ p95 }) => p95))),
  })
}

async function benchPut({ directory, keys, load, rounds, print }) {
  const identities = await makeIdentities(keys, PUTS * (rounds + 1))
  const puts = identities.map((bytes, index) => requestOf('PUT', `/${nameOf(index)}.xml`, bytes))
  const ours = await startOurs(join(directory, 'put'))
  const bare = await startBare('post', signedOnce(keys[0], identities[0]))
  const posts = Array.from({ length: PUTS }, () => requestOf('POST', '/', identities[0]))
  const runs = { ours: [], post: [], create: [] }
  try {
    const job = { connections: PUT_CONNECTIONS, status: 201, once: true }
    for (let round = -1; round < rounds; round++) {
      const some = puts.slice((round + 1) * PUTS, (round + 2) * PUTS)
      const figures = {
        ours: (await load.ask({ ...job, port: ours.port, requests: some })).perSecond,
        post: (await load.ask({ ...job, port: bare.port, requests: posts })).perSecond,
        create: await createsPerSecond(join(directory, `create-${round}`), identities.slice(0, PUTS)),
      }
      if (round >= 0) for (const name of ['ours', 'post', 'create']) runs[name].push(figures[name])
    }
  } finally {
    await Promise.all([ours.stop(), bare.stop()])
  }
  printRatio(print, `ID-server PUT of new identities, ${PUT_CONNECTIONS} connections`, {
    unit: 'per s',
    ours: runs.ours,
    theirs: { 'bare POST + verify': runs.post, [`${PUT_CONNECTIONS} fsync creates at once`]: runs.create },
    limit: 0.25,
    aim: 0.5,
  })
}

async function benchStored({ directory, keys, load, identities, print }) {
  const folder = join(directory, 'stored')
  const began = performance.now()
  await fillFolder(folder, keys, identities)
  const made = performance.now()
  const ours = await startOurs(folder)
  try {
    const names = await walk(ours.port)
    if (names !== identities) throw new Error(`${names} of ${identities} identities are listed`)
    const opened = performance.now()
    const requests = Array.from({ length: READ }, () =>
      requestOf('GET', `/${nameOf(Math.floor(Math.random() * identities))}.xml`),
    )
    const { perSecond } = await load.ask({
      port: ours.port,
      requests,
      connections: GET_CONNECTIONS,
      status: 200,
      once: true,
    })
    print(`ID-server with ${identities} identities, after a walk through the list and ${READ} reads`, {
      'peak MiB': Math.round(usageOf(ours.pid).peakMib),
      limit: MEMORY_LIMIT_MIB,
      'reads per s': Math.round(perSecond),
      'start and walk s': round((opened - made) / 1000),
      'made in s': round((made - began) / 1000),
    })
  } finally {
    await ours.stop()
  }
}

/** Follows the list from page to page. @returns How many identities it has. */
async function walk(port) {
  let count = 0
  for (let next = '/'; next !== undefined; ) {
    const page = await (await fetch(`http://127.0.0.1:${port}${next}`)).text()
    count += page.match(/<li>/g)?.length ?? 0
    next = /href="([^"]+)" rel="next"/.exec(page)?.[1]
  }
  return count
}

/** Files made side by side, each on the disk before the next: the least that keeping anything costs. */
async function createsPerSecond(folder, contents) {
  await mkdir(folder)
  let next = 0
  async function work() {
    while (next < contents.length) {
      const index = next++
      const file = await open(join(folder, String(index)), 'wx')
      await file.write(contents[index])
      await file.sync()
      await file.close()
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: PUT_CONNECTIONS }, work))
  return (contents.length / (performance.now() - began)) * 1000
}

/** What a bare server needs to check one signature of these bytes. */
function signedOnce(pem, bytes) {
  const privateKey = createPrivateKey(pem)
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return {
    pem: createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }),
    signature: sign('sha256', bytes, { key: privateKey, ...pss }),
  }
}

async function startOurs(folder) {
  const beside = startBeside('idserver-process.mjs', ['ours', folder])
  return { ...beside, ...(await beside.answer()) }
}

async function startBare(kind, setup) {
  const beside = startBeside('idserver-process.mjs', [kind])
  return { ...beside, ...(await beside.ask(setup)) }
}
