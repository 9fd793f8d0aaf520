import { type Clock, systemClock } from '@bitdust/machine'
import type { Logger } from './logger.ts'

export interface JsonLinesLoggerOptions {
  /** Takes one line, its end included. */
  readonly write: (line: string) => void
  /** Dates the lines. @default the system's clock */
  readonly clock?: Pick<Clock, 'now'>
}

/** How many causes of an error are told. */
const MAX_CAUSES = 5

/**
 * Writes one JSON object per line: `time` (ISO 8601, UTC), `level` (`info`, `warn`, `error`), `message`, and the fields.
 * Line ends inside values are escaped by JSON, so nobody's value begins a line of its own.
 */
export function jsonLinesLogger({ write, clock = systemClock }: JsonLinesLoggerOptions): Logger {
  const log =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const plain = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? told(value) : value])
      const time = new Date(clock.now()).toISOString()
      write(`${JSON.stringify({ time, level, message, ...Object.fromEntries(plain) })}\n`)
    }
  return { info: log('info'), warn: log('warn'), error: log('error') }
}

/** An error as plain values; JSON would leave out all of it. */
function told(error: Error, causes = MAX_CAUSES): Record<string, unknown> {
  const { name, message, stack, cause } = error
  return {
    name,
    message,
    ...('code' in error ? { code: error.code } : {}),
    stack,
    ...(cause instanceof Error && causes > 0 ? { cause: told(cause, causes - 1) } : {}),
  }
}
