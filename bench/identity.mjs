import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createResolver, memoryIdentityStore, openIdentity } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { makeIdentities, makeKeys } from './identity-pool.mjs'
import { printRatio, round } from './ratio.mjs'
import { median } from './usage.mjs'

const ROUND_MS = 500
/** Calls between two looks at the clock. */
const CALLS = 50
/** Bounds of the lookup, in microseconds. */
const LOOKUP_LIMIT_US = 10

/** Opening an identity against the bare check of one signature; looking up an identity that is known. */
export async function benchIdentity({ rounds, print }) {
  const [pem] = await makeKeys(1)
  const [bytes] = await makeIdentities([pem], 1)
  const bare = bareVerify(pem, bytes)
  const lookUp = await knownLookup(bytes)
  const runs = { open: [], cached: [], imported: [], lookUp: [] }
  for (let round = -1; round < rounds; round++) {
    const figures = {
      open: await perSecond(() => openIdentity(bytes)),
      cached: await perSecond(bare.cached),
      imported: await perSecond(bare.imported),
      lookUp: await perSecond(lookUp),
    }
    // The first round warms up.
    if (round >= 0) for (const [name, figure] of Object.entries(figures)) runs[name].push(figure)
  }
  const what = `identity parse + verify, ${bytes.length} bytes, RSA-2048`
  const bounds = { unit: 'per s', ours: runs.open, limit: 0.3, aim: 0.6 }
  printRatio(print, `${what}, key object cached`, { ...bounds, theirs: { 'node:crypto': runs.cached } })
  printRatio(print, `${what}, PEM read each time`, { ...bounds, theirs: { 'node:crypto': runs.imported } })
  print('lookup of a known IDURL', { us: round(1e6 / median(runs.lookUp)), limit: LOOKUP_LIMIT_US })
}

/** The signature of our scheme over as many bytes, by node:crypto alone. */
function bareVerify(pem, bytes) {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  const privateKey = createPrivateKey(pem)
  const signature = sign('sha256', bytes, { key: privateKey, ...pss })
  const publicPem = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })
  const key = createPublicKey(publicPem)
  return {
    cached: () => verify('sha256', bytes, { key, ...pss }, signature),
    imported: () => verify('sha256', bytes, { key: createPublicKey(publicPem), ...pss }, signature),
  }
}

/** A resolver that has met the identity and asks nobody again. */
async function knownLookup(bytes) {
  const source = { name: 'bench', fetch: async () => bytes }
  const resolver = createResolver({ sources: [source], store: memoryIdentityStore(), clock: systemClock })
  const { sources } = await openIdentity(bytes)
  await resolver.resolve(sources[0])
  return () => resolver.resolve(sources[0])
}

async function perSecond(work) {
  let calls = 0
  const began = performance.now()
  while (performance.now() - began < ROUND_MS) {
    for (let call = 0; call < CALLS; call++) await work()
    calls += CALLS
  }
  return (calls / (performance.now() - began)) * 1000
}
