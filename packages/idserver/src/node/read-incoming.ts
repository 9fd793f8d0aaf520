import type { IncomingMessage } from 'node:http'
import { IdServerError } from '../errors.ts'
import { bodyTooLong, type ReadBodyOptions } from '../http/read-body.ts'

/**
 * {@link readBody} for a request of Node: the same rules and errors, without a stream of the web's kind around it, which
 * would take as long as all the rest of an upload.
 */
export function readIncoming(incoming: IncomingMessage, { maxBytes, signal }: ReadBodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0

    function stop(): void {
      incoming.pause()
      incoming.off('data', take).off('end', finish).off('close', breakOff).off('error', breakOff)
      signal.removeEventListener('abort', cancel)
    }
    function fail(error: IdServerError): void {
      stop()
      reject(error)
    }
    function take(chunk: Uint8Array): void {
      size += chunk.length
      if (size > maxBytes) fail(bodyTooLong(maxBytes))
      else chunks.push(chunk)
    }
    function finish(): void {
      stop()
      resolve(new Uint8Array(Buffer.concat(chunks, size)))
    }
    function breakOff(cause?: Error): void {
      fail(new IdServerError('Cancelled', 'the body broke off', { cause, retryable: true }))
    }
    function cancel(): void {
      fail(new IdServerError('Cancelled', 'reading the body was stopped', { cause: signal.reason }))
    }

    signal.addEventListener('abort', cancel, { once: true })
    incoming.on('data', take).on('end', finish).on('close', breakOff).on('error', breakOff)
  })
}
