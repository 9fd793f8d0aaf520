import type { RsaPrivateKey } from '@bitdust/crypto'
import { ShareError } from './errors.ts'
import type { ShareSelf } from './ports.ts'

/**
 * The master key, where it is on this device.
 *
 * @param doing - What it is needed for, as in 'give shares to others'.
 * @throws {ShareError} `Unauthorized` on an enrolled device, with what to do.
 */
export function requireMasterKey({ masterKey }: Pick<ShareSelf, 'masterKey'>, doing: string): RsaPrivateKey {
  if (masterKey !== null) return masterKey
  throw new ShareError('Unauthorized', `the master key is not on this device: ${doing} where it is`)
}
