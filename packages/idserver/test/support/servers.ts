import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import { createIdServer, type IdServer } from '../../src/create-id-server.ts'
import type { IdServerOptions } from '../../src/responder.ts'
import type { IdentityFileStore } from '../../src/store/identity-file-store.ts'
import { memoryIdentityFileStore } from '../../src/store/memory-identity-file-store.ts'
import { HOST } from './identities.ts'

/** A store that tells what was asked of it. */
export interface WatchedStore extends IdentityFileStore {
  /** Names in the order in which they were read and written. */
  readonly gets: string[]
  readonly puts: string[]
}

export function watchedStore(inner: IdentityFileStore = memoryIdentityFileStore()): WatchedStore {
  const gets: string[] = []
  const puts: string[] = []
  return {
    gets,
    puts,
    get(name) {
      gets.push(name)
      return inner.get(name)
    },
    put(name, bytes) {
      puts.push(name)
      return inner.put(name, bytes)
    },
    list: (page) => inner.list(page),
    ...(inner.usage === undefined ? {} : { usage: inner.usage }),
  }
}

export interface TestServer extends IdServer {
  readonly store: WatchedStore
  readonly clock: VirtualClock
  /** Sends one request from an address of its own, unless told otherwise. */
  ask(method: string, path: string, options?: AskOptions): Promise<Response>
}

export interface AskOptions {
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | string
  readonly headers?: Record<string, string>
  readonly from?: string
}

/** An ID-server in memory, with a clock that stands still. */
export function testServer(options: Partial<IdServerOptions> = {}): TestServer {
  const clock = createVirtualClock()
  const store = watchedStore(options.store)
  const server = createIdServer({ host: HOST, clock, ...options, store })
  let others = 0
  return {
    ...server,
    store,
    clock,
    ask(method, path, { body, headers = {}, from } = {}) {
      others += 1
      const init = { method, headers, ...(body === undefined ? {} : { body, duplex: 'half' as const }) }
      const remoteAddress = from ?? `9.${(others >> 8) & 255}.${others & 255}.1`
      return server.fetch(new Request(`http://${HOST}${path}`, init), { remoteAddress })
    },
  }
}

/** The `{code, message}` of an answer. */
export async function codeOf(response: Response): Promise<string> {
  const content = (await response.json()) as { code: string; message: string }
  if (typeof content.message !== 'string' || content.message === '') throw new Error('answer without message')
  return content.code
}
