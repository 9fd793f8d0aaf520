/** Where the transport writes what an operator may want to know. Fields never hold keys or payloads. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export const silentLogger: Logger = { debug() {}, warn() {} }
