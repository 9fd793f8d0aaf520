import type { Clock, MachineObserver } from '@bitdust/machine'
import type { Entry } from '@bitdust/records'
import type { CatalogView, Found } from '../catalog/catalog-view.ts'
import { itemOf } from '../catalog/item-of.ts'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'
import type { BlockCache } from './block-cache.ts'
import type { ContentReader } from './content.ts'
import { createReadable } from './readable.ts'
import { runDownload } from './run-download.ts'
import type { Readable, Reader, WalkItem, WalkOptions } from './types.ts'
import { readAhead, type TreeItem, walkTree } from './walk.ts'

export interface DownloadsOptions {
  readonly blocks: BlockCache
  readonly content: ContentReader
  readonly clock: Clock
  readonly onTransition?: MachineObserver
}

/** What is to be read. */
export interface Target {
  readonly location: Location
  readonly view: CatalogView
  readonly found: Found
}

/** Reads files and folders. */
export interface Downloads {
  /** Nothing is fetched yet, but what it takes to know the size of a folder. */
  open(target: Target, options: CallOptions): Promise<Reader>
}

export function createDownloads({ blocks, content, clock, onTransition }: DownloadsOptions): Downloads {
  const observed = onTransition === undefined ? {} : { onTransition }

  /** The bytes of a file, as many as the manifest says. */
  async function* read(
    location: Location,
    entry: Entry,
    range: { readonly offset: number; readonly length: number },
    options: CallOptions,
  ): AsyncGenerator<Uint8Array> {
    let given = 0
    for await (const part of content.range(location, entry.content, range, options)) {
      given += part.length
      yield part
    }
    if (given !== range.length)
      throw new CustomerError('ManifestInvalid', `${entry.name}: ${given} bytes, the manifest says ${range.length}`)
  }

  async function fileOf({ view, found }: Target): Promise<Entry> {
    if (found.summary.kind === 'folder')
      throw new CustomerError('NotFound', `${found.path} is a folder`, { subject: found.path })
    return view.load(found)
  }

  function readableOf(
    target: Target,
    run: <T>(task: (options: CallOptions) => AsyncIterable<T>) => AsyncIterable<T>,
  ): Readable {
    const { location, found } = target
    return createReadable({
      path: found.path,
      size: found.summary.kind === 'folder' ? 0 : found.summary.size,
      read: (offset, length) =>
        run(async function* (options) {
          yield* read(location, await fileOf(target), { offset, length }, options)
        }),
    })
  }

  return {
    async open(target, { signal }) {
      const { location, view, found } = target
      const { path } = found
      const run = <T>(task: (options: CallOptions) => AsyncIterable<T>) =>
        runDownload(task, { clock, path, signal, ...observed })

      async function* walk(options: CallOptions, { onUnreadable }: WalkOptions): AsyncGenerator<WalkItem> {
        const tellUnreadable = (item: TreeItem, error: unknown) => {
          options.signal.throwIfAborted()
          onUnreadable?.(item.path, toCustomerError(error, item.found.path))
        }
        const tree = walkTree(view, found, onUnreadable === undefined ? {} : { onUnreadable: tellUnreadable })
        const prefetch = (extent: Parameters<BlockCache['prefetch']>[1]) => blocks.prefetch(location, extent, options)
        for await (const item of readAhead(tree, prefetch)) {
          options.signal.throwIfAborted()
          yield {
            path: item.path,
            entry: itemOf(view, item.found, await view.measure(item.found)),
            open: () =>
              readableOf({ location, view, found: item.found }, (task) => inWalk(task(options), item.found.path)),
          }
        }
      }

      return {
        entry: itemOf(view, found, await view.measure(found)),
        ...readableOf(target, run),
        walk: (walkOptions = {}) => run((options) => walk(options, walkOptions)),
      }
    },
  }
}

/** What is read during a walk ends with it; a failure concerns this one item only. */
async function* inWalk<T>(items: AsyncIterable<T>, path: string): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    throw toCustomerError(error, path)
  }
}
