import type { ReadBodyOptions } from './read-body.ts'

/** An HTTP request as far as an ID-server looks at it, whatever platform it came from. */
export interface Ask {
  /** In upper case, as HTTP writes it. */
  readonly method: string
  /** Request target: `/path?query`, or an absolute URL. */
  readonly target: string
  /** The value of a header, by its name in lower case; `null` when absent. */
  header(name: string): string | null
  /** Reads the body to its end, by the rules of {@link readBody}. Called at most once. */
  readBody(options: ReadBodyOptions): Promise<Uint8Array>
}

/** What the platform knows of a request beside the request itself. */
export interface RequestInfo {
  /** IP address of the other end. All requests without one share the limits of one address. */
  readonly remoteAddress?: string
}

/** The path of a request target, as sent: nothing is decoded, no dots are resolved. */
export function pathOf(target: string): string {
  const [path = ''] = target.split('?', 1)
  return path.startsWith('/') ? path : (URL.parse(target)?.pathname ?? '')
}

/** One parameter of the query of a request target, decoded; `null` when absent. */
export function queryOf(target: string, name: string): string | null {
  const start = target.indexOf('?')
  return start < 0 ? null : new URLSearchParams(target.slice(start + 1)).get(name)
}
