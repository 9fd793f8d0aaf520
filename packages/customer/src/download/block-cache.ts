import { equalBytes } from '@bitdust/crypto'
import type { Extent } from '@bitdust/records'
import { LRUCache } from 'lru-cache'
import { CustomerError } from '../errors.ts'
import { handledLater } from '../handled-later.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'
import type { FetchBlock } from './fetch-block.ts'

/** Bytes of opened blocks that are kept in memory. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024

/** Opened blocks, fetched when somebody wants them and kept for a while. */
export interface BlockCache {
  /** The bytes of an extent: a view on the block, not to be changed. */
  read(location: Location, extent: Extent, options: CallOptions): Promise<Uint8Array>
  /** Begins to fetch the block of an extent, so that a later `read` finds it. */
  prefetch(location: Location, extent: Extent, options: CallOptions): void
}

interface OpenedBlock {
  readonly key: Uint8Array
  readonly plaintext: Uint8Array
}

/** A block on its way, wanted by one or more readers. */
interface Fetching {
  readonly key: Uint8Array
  readonly result: Promise<Uint8Array>
  readers: number
  /** Nobody waits any more. */
  end(): void
}

export function createBlockCache(fetchBlock: FetchBlock): BlockCache {
  const opened = new LRUCache<string, OpenedBlock>({
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: ({ plaintext }) => plaintext.length + 1,
  })
  const fetching = new Map<string, Fetching>()
  /** The last block that could not be had, and for which walk or reading. */
  let failure: { readonly name: string; readonly signal: AbortSignal; readonly error: unknown } | null = null

  async function blockOf(location: Location, { block, key }: Extent, { signal }: CallOptions): Promise<Uint8Array> {
    const name = `${location.id}/${block}`
    const cached = opened.get(name)
    // Whoever names a block without knowing its key gets what the key gives: nothing.
    if (cached !== undefined && equalBytes(cached.key, key)) return cached.plaintext
    signal.throwIfAborted()
    // The many small files of a block which is lost follow each other: only the first one waits for everybody's answer.
    if (failure?.name === name && failure.signal === signal) throw failure.error
    const running = fetching.get(name)
    const own = running !== undefined && equalBytes(running.key, key) ? running : begin(name, location, { block, key })
    own.readers += 1
    try {
      return await until(own.result, signal)
    } catch (error) {
      if (!signal.aborted) failure = { name, signal, error }
      throw error
    } finally {
      own.readers -= 1
      if (own.readers === 0) own.end()
    }
  }

  function begin(name: string, location: Location, { block, key }: Pick<Extent, 'block' | 'key'>): Fetching {
    const stop = new AbortController()
    const result = fetchBlock(location, block, key, { signal: stop.signal }).then((plaintext) => {
      opened.set(name, { key, plaintext })
      return plaintext
    })
    const own: Fetching = {
      key,
      result,
      readers: 0,
      end() {
        if (fetching.get(name) === own) fetching.delete(name)
        stop.abort(new DOMException('nobody waits for the block', 'AbortError'))
      },
    }
    fetching.set(name, own)
    return own
  }

  return {
    async read(location, extent, options) {
      const { block, offset, length } = extent
      const plaintext = await blockOf(location, extent, options)
      if (offset + length <= plaintext.length) return plaintext.subarray(offset, offset + length)
      throw new CustomerError(
        'ManifestInvalid',
        `block ${block} has ${plaintext.length} bytes, an extent ends behind them`,
        {
          subject: block,
        },
      )
    },
    prefetch(location, extent, options) {
      // Whoever reads the block later gets the error, if it comes again.
      handledLater(blockOf(location, extent, options))
    },
  }
}

/** Waits, but not longer than the signal allows. */
async function until<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([result, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
