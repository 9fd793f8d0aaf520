import { join } from 'node:path'
import { type DeviceKey, importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, type SignedIdentity, signCertificate, signIdentity } from '@bitdust/identity'
import { testKeys } from '@bitdust/testing'
import { type FolderPaths, openFolder } from '../src/folder.ts'
import { ensureDeviceKey, writeIdentity } from '../src/metadata.ts'

/** The certificates of these tests count now. */
export const TODAY = Date.now()
const YEAR_MS = 365 * 86_400_000

export const aliceKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][0])
export const malloryKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][1])
export const encryptionKey: RsaPrivateKey = await importRsaPrivateKey(testKeys[2048][2])

export interface AliceOptions {
  /** The devices that she names. */
  readonly devices: readonly { readonly key: DeviceKey; readonly enrolled?: RsaPrivateKey; readonly expires?: number }[]
  readonly revision?: number
}

/** Alice's identity. */
export async function signAlice({ devices, revision = 1 }: AliceOptions): Promise<SignedIdentity> {
  const certificates = await Promise.all(
    devices.map(({ key, enrolled, expires = TODAY + YEAR_MS }) =>
      signCertificate(
        {
          device: key.publicKey,
          label: 'test',
          created: TODAY - YEAR_MS,
          expires,
          ...(enrolled === undefined ? {} : { encryptionKey: enrolled.publicKey }),
        },
        aliceKey,
      ),
    ),
  )
  return signIdentity(
    {
      contacts: ['tcp://93.184.216.34:7771'],
      sources: [parseIdurl('http://id.example.com/alice.xml')],
      certificates,
      scrubbers: [],
      postage: '1',
      date: formatIdentityDate(TODAY),
      version: 'test',
      revision,
    },
    aliceKey,
  )
}

/** A data folder with a device key. */
export async function openOwnFolder(
  root: string,
): Promise<{ readonly paths: FolderPaths; readonly device: DeviceKey }> {
  const { paths, release } = await openFolder(join(root, 'node'))
  const device = await ensureDeviceKey(paths)
  release()
  return { paths, device }
}

/** Puts Alice's identity into a folder. */
export async function giveIdentity(paths: FolderPaths, options: AliceOptions): Promise<void> {
  await writeIdentity(paths, (await signAlice(options)).bytes)
}
