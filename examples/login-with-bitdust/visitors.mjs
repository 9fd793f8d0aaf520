import { setTimeout } from 'node:timers/promises'
import { createResolver } from '@bitdust/identity'
import { folderStore } from './folder-store.mjs'
import { webIdentities } from './web-identities.mjs'

/** Everything that a resolver needs of time. */
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => void (await setTimeout(ms, undefined, { signal })),
}

/**
 * Finds visitors' identities and remembers the key of each. From the second visit on, an ID-server that shows another
 * key is refused with `IdentityKeyChanged`, also after a restart.
 */
export function createVisitors({ folder, trial }) {
  const store = folderStore(`${folder}/visitors`)
  const sources = trial === null ? [webIdentities()] : [trial, webIdentities()]
  // Only lets documents name addresses of this machine; `webIdentities` asks none of them.
  const allowPrivate = trial !== null

  return {
    /** @returns The identity at an IDURL, and a way to remember it. */
    async meet(idurl) {
      const attempt = writeLater(store)
      const identity = await createResolver({ sources, store: attempt, clock, allowPrivate }).resolve(idurl)
      return { identity, remember: attempt.write }
    },
  }
}

/** A store that holds writes back. Anybody can name any IDURL, so only what signs in may take room on the disk. */
function writeLater(store) {
  const written = new Map()
  return {
    get: async (key) => written.get(key) ?? store.get(key),
    put: async (key, bytes) => void written.set(key, bytes),
    list: store.list,
    async write() {
      for (const [key, bytes] of written) await store.put(key, bytes)
    },
  }
}
