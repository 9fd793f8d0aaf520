import { BitdustError, utf8Decode } from '@bitdust/crypto'
import { readPrivateFile } from '@bitdust/crypto/files'
import * as v from 'valibot'
import { NodeError } from '../errors.ts'
import { folderPaths } from '../folder.ts'
import type { ErrorReport } from './error-report.ts'

const MAX_API_FILE_BYTES = 4096
const ApiFile = v.object({ port: v.number(), token: v.string(), pid: v.number() })

/** An error that the daemon reported, with the code it had there. */
export class RemoteNodeError extends BitdustError<string> {
  override readonly name = 'RemoteNodeError'
  readonly report: ErrorReport

  constructor(report: ErrorReport) {
    super(report.code, report.message, {
      retryable: report.retryable,
      ...(report.culprit === undefined ? {} : { culprit: report.culprit }),
      ...(report.subject === undefined ? {} : { subject: report.subject }),
    })
    this.report = report
  }
}

/** A connection to the daemon of a data folder. */
export interface DaemonClient {
  /** Process id of the daemon. */
  readonly pid: number
  /**
   * Runs a command such as `files/put` and returns its result.
   *
   * @throws {RemoteNodeError} what the command failed with. {@link NodeError} `NotRunning`: nobody answers.
   */
  call(
    name: string,
    input: unknown,
    options?: { signal?: AbortSignal; onProgress?: (event: Record<string, unknown>) => void },
  ): Promise<unknown>
}

/**
 * Finds the daemon of a data folder by its `api.json`.
 *
 * @throws {NodeError} `NotRunning`
 */
export async function connectDaemon(directory: string): Promise<DaemonClient> {
  const { api, root } = folderPaths(directory)
  const bytes = await readPrivateFile(api, { maxBytes: MAX_API_FILE_BYTES }).catch((error: unknown) => {
    if (error instanceof BitdustError && error.code === 'NotFound') throw notRunning(root, error)
    throw error
  })
  const { port, token, pid } = v.parse(ApiFile, JSON.parse(utf8Decode(bytes)))
  return {
    pid,
    async call(name, input, { signal, onProgress } = {}) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(input ?? {}),
        ...(signal === undefined ? {} : { signal }),
      }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw notRunning(root, error)
      })
      for await (const line of linesOf(response, root)) {
        const message = JSON.parse(line) as {
          progress?: Record<string, unknown>
          result?: unknown
          error?: ErrorReport
        }
        if (message.progress !== undefined) onProgress?.(message.progress)
        else if (message.error !== undefined) throw new RemoteNodeError(message.error)
        else return message.result
      }
      throw notRunning(root, new Error('the answer ended early'))
    },
  }
}

async function* linesOf(response: Response, root: string): AsyncGenerator<string> {
  if (response.body === null) return
  let rest = ''
  try {
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    if (error instanceof TypeError) throw notRunning(root, error)
    throw error
  }
  if (rest !== '') yield rest
}

function notRunning(root: string, cause: unknown): NodeError {
  return new NodeError('NotRunning', `no node is running on ${root}; start it with: bitdust start --folder ${root}`, {
    cause,
    retryable: true,
  })
}
