import type { RsaPrivateKey } from '@bitdust/crypto'
import { CustomerError } from './errors.ts'
import type { Self } from './ports.ts'

/**
 * The master key, where it is on this device.
 *
 * @param doing - What it is needed for, as in 'hire suppliers'.
 * @throws {CustomerError} `Unauthorized` on an enrolled device, with what to do.
 */
export function requireMasterKey({ masterKey }: Pick<Self, 'masterKey'>, doing: string): RsaPrivateKey {
  if (masterKey !== null) return masterKey
  throw new CustomerError('Unauthorized', `the master key is not on this device: ${doing} where it is`)
}
