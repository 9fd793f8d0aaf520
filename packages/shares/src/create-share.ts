import { generateRsaKey, type RsaPrivateKey, randomBytes, toHex, utf8Encode } from '@bitdust/crypto'
import { checkAlias, idurlToUser, MASTER_ALIAS } from '@bitdust/identity'
import { MAX_LABEL_BYTES } from '@bitdust/records'
import { ShareError } from './errors.ts'
import { translated } from './failure.ts'
import { requireMasterKey } from './master-key.ts'
import type { CallOptions, ShareKeys, ShareLocation, ShareLocations, ShareSelf } from './ports.ts'
import type { ShareNames } from './share-names.ts'
import type { NewShare } from './types.ts'

/** What making shares needs. */
export interface CreateShareOptions extends CallOptions {
  readonly self: ShareSelf
  readonly keyRing: ShareKeys
  readonly locations: ShareLocations
  readonly names: ShareNames
}

/** Makes a share: its key first, safe in the key ring, then the place that it opens. */
export function createShare(
  { alias = randomAlias(), label = alias, bits = 3072 }: NewShare,
  { self, keyRing, locations, names, signal }: CreateShareOptions,
): Promise<ShareLocation> {
  const ringNames = { alias, creator: self.fingerprint, label }

  async function keyOf(): Promise<RsaPrivateKey> {
    const held = await keyRing.get(ringNames)
    if (held !== null) {
      if (held.privateKey !== null) return held.privateKey
      throw new ShareError('KeyConflict', `only the public part of ${alias} is here`)
    }
    const user = idurlToUser(await names.ownIdurl({ signal }))
    const key = await generateRsaKey(bits)
    signal.throwIfAborted()
    await keyRing.add(key, { ...ringNames, user })
    return key
  }

  return translated(
    `share ${alias}`,
    async () => {
      requireMasterKey(self, 'make shares')
      if (checkAlias(alias) === MASTER_ALIAS) throw new ShareError('KeyConflict', 'that is the name of the master key')
      const labelBytes = utf8Encode(label).length
      if (labelBytes > MAX_LABEL_BYTES)
        throw new ShareError('LimitExceeded', `label of ${labelBytes} bytes, limit is ${MAX_LABEL_BYTES}`)
      return locations.create({ alias, key: await keyOf(), label, signal })
    },
    { subject: alias },
  )
}

/** The form that the documents show: `share_0780f0d64b017303a0d81865eee009f1`. */
function randomAlias(): string {
  return `share_${toHex(randomBytes(16))}`
}
