import { CustomerError } from '../errors.ts'
import type { FileSource, PutSource, SourceEntry, TreeSource } from './types.ts'

/** What a put reads. */
export interface PreparedSource {
  readonly entries: AsyncIterable<SourceEntry> | Iterable<SourceEntry>
  /** Bytes in all, where they are known before. */
  readonly total?: number
}

/** Makes one form of all sources: a single file is a tree whose root it is. */
export function prepareSource(
  source: PutSource,
  file: { readonly mode: number; readonly mtime: number },
): PreparedSource {
  if (isTree(source)) return { entries: source.entries }
  const size = sizeOf(source)
  const entry: SourceEntry = { path: '', kind: 'file', ...file, open: () => chunksOf(source) }
  return size === undefined ? { entries: [entry] } : { entries: [{ ...entry, size }], total: size }
}

function isTree(source: PutSource): source is TreeSource {
  return 'entries' in source && typeof source.entries === 'object'
}

function sizeOf(source: FileSource): number | undefined {
  if (source instanceof Uint8Array) return source.length
  return source instanceof Blob ? source.size : undefined
}

function chunksOf(source: FileSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (source instanceof Uint8Array) return [source]
  if (source instanceof Blob) return readStream(source.stream())
  if (source instanceof ReadableStream) return readStream(source)
  if (Symbol.asyncIterator in source || Symbol.iterator in source) return source
  throw new CustomerError('LimitExceeded', 'the source is neither bytes nor a stream of bytes nor a tree')
}

/** Not every browser can iterate over a stream. */
async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
