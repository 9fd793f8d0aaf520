import { type Fingerprint, parseFingerprint } from '@bitdust/crypto'
import { IdentityError } from '../errors.ts'
import { checkAlias } from '../names/alias.ts'

/** What tells one key of a ring from all others, wherever its creator is registered now. */
export interface KeyName {
  /** See `checkAlias`. */
  readonly alias: string
  /** Who made the key. */
  readonly creator: Fingerprint
  /** Which of the keys that followed each other under this alias; from 1. */
  readonly generation: number
}

/** Writes the name under which a key file is stored: `alias.<creator>.generation`. */
export function formatKeyName({ alias, creator, generation }: KeyName): string {
  if (!Number.isSafeInteger(generation) || generation < 1) {
    throw new IdentityError('KeyMalformed', `generation is ${generation}, expected a whole number from 1`)
  }
  return `${checkAlias(alias)}.${parseFingerprint(creator)}.${generation}`
}

/** Reads it; the inverse of {@link formatKeyName}. Undefined for any other name. */
export function parseKeyName(text: string): KeyName | undefined {
  const match = /^([a-z][a-z0-9_-]{2,49})\.([0-9a-f]{64})\.([1-9][0-9]{0,14})$/.exec(text)
  const [, alias, creator, generation] = match ?? []
  if (alias === undefined || creator === undefined) return undefined
  return { alias, creator: parseFingerprint(creator), generation: Number(generation) }
}
