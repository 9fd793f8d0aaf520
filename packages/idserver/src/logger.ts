/** Where an ID-server reports what it did; `console` fits. Fields are plain values, ready for JSON. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export const silentLogger: Logger = { info() {}, warn() {}, error() {} }
