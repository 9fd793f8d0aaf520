/** What the client asks of its HTTP function; a subset of the platform's `RequestInit`. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT'
  readonly headers: Record<string, string>
  readonly body?: Uint8Array<ArrayBuffer>
  readonly signal: AbortSignal
  /** Redirects are answers here: the address of an identity is part of what was signed. */
  readonly redirect: 'manual'
}

/** One HTTP request. The platform's `fetch` fits; servers that ask for strangers use `safeFetch` of `./node`. */
export type HttpFetch = (url: string, request: HttpRequest) => Promise<Response>
