import type { RsaPrivateKey } from '@bitdust/crypto'
import type { RingKey } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import { findKey } from '../keys/find-key.ts'
import { keyHolderOf } from '../keys/key-holder.ts'
import type { BitdustNode } from '../node.ts'

/**
 * Finds a private key of the key ring that may be handed to a device.
 *
 * @throws {NodeError} `NotFound` when no private key is held; `Unauthorized` for the master key. What `findKey` throws.
 */
export async function findPrivateKey(
  node: BitdustNode,
  name: string,
): Promise<RingKey & { readonly privateKey: RsaPrivateKey }> {
  const found = await findKey(keyHolderOf(node), name)
  if (found === 'master')
    throw new NodeError('Unauthorized', 'the master key stays where it is; no device gets it', { subject: name })
  const key = await node.keys.get(found)
  if (key?.privateKey != null) return { ...key, privateKey: key.privateKey }
  throw new NodeError('NotFound', `only the public part of ${name} is here`, { subject: name })
}
