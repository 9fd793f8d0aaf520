import { type DestinationStream, pino } from 'pino'
import type { Config } from '../config.ts'

/** Where the node writes what an operator may want to know. `pino` loggers are such. Fields never hold keys or payloads. */
export interface NodeLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** JSON lines on standard error, or wherever `destination` leads. */
export function createLogger(
  { log }: Pick<Config, 'log'>,
  destination: DestinationStream = process.stderr,
): NodeLogger {
  const logger = pino({ level: log.level, base: null, serializers: { error: pino.stdSerializers.err } }, destination)
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
  }
}

/** Writes nothing. */
export const silentNodeLogger: NodeLogger = { debug() {}, info() {}, warn() {} }
