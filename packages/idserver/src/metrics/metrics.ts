import { utf8Encode } from '@bitdust/crypto'
import type { Answer } from '../http/answer.ts'
import type { StoreUsage } from '../store/identity-file-store.ts'

/** What a server counts about itself since it was made. Counts only: no names, no addresses. */
export interface Metrics {
  /** Counts one answer. */
  request(method: string, status: number, durationMs: number): void
  /** Counts one upload by the code of its answer: `Created`, `IdentityRollback`, ... */
  upload(code: string): void
  /** Everything in the text format of Prometheus, version 0.0.4. `usage` is `null` when the store does not tell. */
  format(usage: StoreUsage | null): string
}

/** Methods that get a count of their own; others share one, so that strangers cannot make up names. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'])

/** Upper ends of the duration classes, in seconds: from the memory cache to an upload that is nearly given up. */
const DURATION_CLASSES_S = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]

const PREFIX = 'bitdust_idserver'

export function createMetrics(): Metrics {
  const requests = new Map<string, number>()
  const uploads = new Map<string, number>()
  /** One per class, and one for all that took longer. */
  const durations = new Array<number>(DURATION_CLASSES_S.length + 1).fill(0)
  let secondsInAll = 0

  return {
    request(method, status, durationMs) {
      const known = METHODS.has(method) ? method : 'other'
      increment(requests, `{method="${known}",status="${status}"}`)
      const seconds = durationMs / 1000
      const place = DURATION_CLASSES_S.findIndex((end) => seconds <= end)
      durations[place < 0 ? DURATION_CLASSES_S.length : place]! += 1
      secondsInAll += seconds
    },

    upload(code) {
      increment(uploads, `{code="${code}"}`)
    },

    format(usage) {
      return [
        ...family('requests_total', 'counter', 'Requests answered.', requests),
        ...family('uploads_total', 'counter', 'Uploads answered, by the code of the answer.', uploads),
        ...durationFamily(durations, secondsInAll),
        ...(usage === null ? [] : usageFamilies(usage)),
        '',
      ].join('\n')
    },
  }
}

/** Metrics as an answer. */
export function metricsAnswer(text: string): Answer {
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' }
  return { status: 200, headers, body: utf8Encode(text) }
}

function increment(counts: Map<string, number>, labels: string): void {
  counts.set(labels, (counts.get(labels) ?? 0) + 1)
}

function usageFamilies({ identities, bytes, maxIdentities, maxBytes }: StoreUsage): string[] {
  const gauge = (name: string, help: string, value: number | undefined) =>
    value === undefined ? [] : family(name, 'gauge', help, new Map([['', value]]))
  return [
    ...gauge('identities', 'Identities stored.', identities),
    ...gauge('identities_limit', 'Most identities that are stored.', maxIdentities),
    ...gauge('stored_bytes', 'Bytes of all documents together.', bytes),
    ...gauge('stored_bytes_limit', 'Most bytes that all documents together may have.', maxBytes),
  ]
}

function durationFamily(durations: readonly number[], secondsInAll: number): string[] {
  const values = new Map<string, number>()
  let count = 0
  durations.forEach((inClass, place) => {
    count += inClass
    values.set(`_bucket{le="${DURATION_CLASSES_S[place] ?? '+Inf'}"}`, count)
  })
  values.set('_sum', secondsInAll)
  values.set('_count', count)
  return family('request_duration_seconds', 'histogram', 'Time from request to answer.', values)
}

function family(name: string, type: string, help: string, values: ReadonlyMap<string, number>): string[] {
  const full = `${PREFIX}_${name}`
  const samples = Array.from(values, ([labels, value]) => `${full}${labels} ${value}`)
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...samples]
}
