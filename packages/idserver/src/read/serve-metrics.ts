import type { Answer } from '../http/answer.ts'
import { type Metrics, metricsAnswer } from '../metrics/metrics.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'

/** What monitoring asks for. A store that fails makes the answer an error, as it does for health. */
export async function serveMetrics(metrics: Metrics, store: Pick<IdentityFileStore, 'usage'>): Promise<Answer> {
  return metricsAnswer(metrics.format((await store.usage?.()) ?? null))
}
