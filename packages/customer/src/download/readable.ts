import { concatBytes } from '@bitdust/crypto'
import { CustomerError } from '../errors.ts'
import type { BytesOptions, Readable } from './types.ts'

const MAX_BYTES = 64 * 1024 * 1024

/** What a readable is made of. */
export interface ReadableSource {
  readonly path: string
  /** Bytes in all, as the manifest says. */
  readonly size: number
  /** Bytes from `offset`, at most `length`. */
  read(offset: number, length: number): AsyncIterable<Uint8Array>
}

/** The ways to read a file, all made of one. */
export function createReadable({ path, size, read }: ReadableSource): Readable {
  function range(offset: number, length = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
    const isRange = offset >= 0 && length >= 0 && Number.isSafeInteger(offset)
    if (!isRange) throw new CustomerError('LimitExceeded', `${path}: no range ${offset}+${length}`, { subject: path })
    return read(offset, Math.min(length, Math.max(size - offset, 0)))
  }

  return {
    [Symbol.asyncIterator]: () => range(0)[Symbol.asyncIterator](),
    range,
    async bytes({ maxBytes = MAX_BYTES }: BytesOptions = {}) {
      if (size > maxBytes)
        throw new CustomerError('LimitExceeded', `${path} has ${size} bytes, limit is ${maxBytes}`, { subject: path })
      return concatBytes(...(await Array.fromAsync(range(0))))
    },
    stream() {
      const bytes = range(0)[Symbol.asyncIterator]()
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const { done, value } = await bytes.next()
            if (done === true) controller.close()
            else controller.enqueue(value)
          },
          async cancel() {
            await bytes.return?.()
          },
        },
        { highWaterMark: 0 },
      )
    },
  }
}
