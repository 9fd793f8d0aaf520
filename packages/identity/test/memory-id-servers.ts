import type { IdentitySource, IdServerPort } from '../src/index.ts'
import { IdentityError, idServerOf, openIdentity, parseIdServer, parseIdurl } from '../src/index.ts'

/** ID-servers in memory, with the rules of real ones, that can die, forget and lie. */
export interface MemoryIdServers extends IdServerPort, IdentitySource {
  fetch(query: unknown, options: { readonly signal: AbortSignal }): Promise<Uint8Array | null>
  /** From now on this server does not answer. */
  kill(server: string): void
  revive(server: string): void
  /** Makes an address serve these bytes, whatever the rules; null removes them. */
  plant(idurl: string, bytes: Uint8Array | null): void
  /** From now on this server answers, but takes no documents. */
  refuse(server: string): void
  /** It takes documents again. */
  accept(server: string): void
  /** What an address serves. */
  at(idurl: string): Uint8Array | null
  /** Addresses that were asked for, in order. */
  readonly asked: string[]
  /** Runs before a document is stored. */
  beforePublish: ((idurl: string) => Promise<void> | void) | undefined
}

export function memoryIdServers(...servers: string[]): MemoryIdServers {
  const alive = new Set<string>(servers.map((server) => parseIdServer(server)))
  const refusing = new Set<string>()
  const files = new Map<string, Uint8Array>()
  const asked: string[] = []

  function checkAlive(server: string): void {
    if (!alive.has(server)) throw new Error(`${server} does not answer`)
  }

  return {
    name: 'http',
    asked,
    beforePublish: undefined,
    kill: (server) => void alive.delete(parseIdServer(server)),
    revive: (server) => void alive.add(parseIdServer(server)),
    refuse: (server) => void refusing.add(parseIdServer(server)),
    accept: (server) => void refusing.delete(parseIdServer(server)),
    plant: (idurl, bytes) => void (bytes === null ? files.delete(idurl) : files.set(idurl, bytes)),
    at: (idurl) => files.get(idurl) ?? null,
    probe: async (server) => alive.has(server),
    async fetch(query) {
      if (typeof query === 'object' && query !== null && 'fingerprint' in query) return null
      const text = typeof query === 'object' && query !== null && 'idurl' in query ? String(query.idurl) : String(query)
      asked.push(text)
      checkAlive(idServerOf(parseIdurl(text)))
      return files.get(text)?.slice() ?? null
    },
    async publish(idurl, bytes) {
      await this.beforePublish?.(idurl)
      checkAlive(idServerOf(idurl))
      if (refusing.has(idServerOf(idurl))) throw new Error(`${idurl}: disk full`)
      const held = files.get(idurl)
      if (held !== undefined) await checkSuccession(held, bytes)
      files.set(idurl, bytes.slice())
    },
  }
}

async function checkSuccession(heldBytes: Uint8Array, offeredBytes: Uint8Array): Promise<void> {
  const [held, offered] = await Promise.all([openIdentity(heldBytes), openIdentity(offeredBytes)])
  if (held.fingerprint !== offered.fingerprint) throw new IdentityError('IdentityNameTaken', 'taken')
  if (held.signature !== offered.signature && held.revision >= offered.revision)
    throw new IdentityError('IdentityRollback', 'older')
}
