import { nicknameId, nicknameRecord } from '@bitdust/records'
import { asDhtError } from './errors.ts'
import type { DhtName } from './key.ts'
import { MAX_FOUND_HOLDERS } from './limits.ts'
import type { VerifiedRecord } from './value.ts'

/** Where a nickname, or a record of one, stands. @throws {DhtError} `RecordInvalid`, `LimitExceeded` */
export function nameOfNickname(nickname: string | Uint8Array): DhtName {
  try {
    const text = typeof nickname === 'string' ? nickname : nicknameRecord.open(nickname).body.nickname
    return { kind: 'nickname', id: nicknameId(text) }
  } catch (cause) {
    throw asDhtError(cause, 'nickname')
  }
}

/**
 * The newest record of each owner, those that most nodes have first: whom honest nodes keep comes before whom few liars
 * make up.
 *
 * @param found - A record as often as nodes have it.
 */
export function mostHeld(found: readonly VerifiedRecord[]): readonly Uint8Array[] {
  const owners = new Map<string, { readonly best: VerifiedRecord; readonly times: number }>()
  for (const one of found) {
    const before = owners.get(one.owner)
    const best = before === undefined || one.sequence > before.best.sequence ? one : before.best
    owners.set(one.owner, { best, times: (before?.times ?? 0) + 1 })
  }
  return [...owners.values()]
    .toSorted((a, b) => b.times - a.times || (a.best.owner < b.best.owner ? -1 : 1))
    .slice(0, MAX_FOUND_HOLDERS)
    .map(({ best }) => best.record)
}
