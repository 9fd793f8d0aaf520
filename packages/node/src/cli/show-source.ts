import type { SourceReport } from '@bitdust/identity'
import { safeText } from './output.ts'

const SERVER_TEXTS: Readonly<Record<SourceReport['is'], string>> = {
  current: 'has the identity',
  unknown: 'not asked yet',
  stale: 'has an older revision',
  missing: 'does not have it',
  taken: 'has an identity of another key under the name',
  dead: 'does not answer',
}
const SITE_TEXTS: Readonly<Record<SourceReport['is'], string>> = {
  ...SERVER_TEXTS,
  stale: 'is behind: it has an older revision',
  missing: 'is behind: the file is missing',
  taken: 'is behind: the file is not this identity',
  dead: 'cannot be reached',
}

/** One source of the identity for people: how it stands, since when, and what the user has to do about a site of his. */
export function showSource({ source, is, isStatic, since }: SourceReport): string {
  const texts = isStatic ? SITE_TEXTS : SERVER_TEXTS
  const sinceThen = is === 'current' || is === 'unknown' ? '' : ` since ${new Date(since).toISOString()}`
  const isBehind = isStatic && (is === 'stale' || is === 'missing' || is === 'taken')
  const advice = isBehind ? '; write it with "bitdust identity export-site DIR" and copy it to the site' : ''
  return `${safeText(source)} ${texts[is]}${sinceThen}${advice}`
}
