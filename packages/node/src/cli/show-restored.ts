import type { RestoreResult } from '../restore.ts'
import { safeText } from './output.ts'

/** What came of a restore, for people. */
export function showRestored(restored: RestoreResult): string {
  const { idurl, staticSources } = restored
  return [
    `you are ${safeText(idurl)} again`,
    `published: ${whereItIs(restored)}`,
    ...staticSources.map(
      (source) =>
        `${safeText(source)} is a web site: write it with "bitdust identity export-site DIR" and copy it there`,
    ),
  ].join('\n')
}

function whereItIs({ sources, inDht }: RestoreResult): string {
  const named = (wanted: readonly string[]) =>
    sources.flatMap(({ source, is }) => (wanted.includes(is) ? [safeText(source)] : []))
  const taken = named(['published', 'outrun'])
  const silent = named(['dead'])
  const foreign = named(['taken'])
  const dht = inDht ? 'it is in the DHT' : 'it is not in the DHT yet'
  if (taken.length === 0 && foreign.length === 0)
    return `none of its ID-servers answers; ${dht}. The running node looks for another ID-server`
  return [
    taken.length === 0 ? 'on none of its ID-servers' : `at ${taken.join(', ')}`,
    ...(silent.length === 0 ? [] : [`no answer from ${silent.join(', ')}`]),
    ...(foreign.length === 0 ? [] : [`somebody else has the name at ${foreign.join(', ')}`]),
    dht,
  ].join('; ')
}
