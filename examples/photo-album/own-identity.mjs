import { join } from 'node:path'
import {
  deviceKeyFromSeed,
  fromHex,
  generateDeviceKey,
  generateRsaKey,
  isBitdustError,
  readKeyFile,
  toHex,
  utf8Decode,
  utf8Encode,
  writeKeyFile,
} from '@bitdust/crypto'
import { readPrivateFile, writeFileDurable } from '@bitdust/crypto/files'
import { createRegistration, openIdentity, signCertificate } from '@bitdust/identity'

const MAX_FILE_BYTES = 64 * 1024
const CERTIFICATE_LIFETIME_MS = 10 * 365 * 86_400_000

/**
 * The album's own identity: keys made here at the first start, and the signed document about them, on an ID-server. The
 * three files of it stay in the folder.
 */
export async function openOwnIdentity({ folder, name, idServer, idServers, clock, allowPrivate }) {
  const masterKey = await kept(join(folder, 'master.key'), {
    make: () => generateRsaKey(),
    write: async (key) => utf8Encode(await writeKeyFile({ kind: 'private', keyId: 'master', key })),
    read: async (bytes) => (await readKeyFile(utf8Decode(bytes))).key,
  })
  const deviceKey = await kept(join(folder, 'device.key'), {
    make: () => generateDeviceKey(),
    write: ({ seed }) => utf8Encode(toHex(seed)),
    read: (bytes) => deviceKeyFromSeed(fromHex(utf8Decode(bytes))),
  })
  const identity = await kept(join(folder, 'identity.xml'), {
    async make() {
      const created = clock.now()
      const device = { device: deviceKey.publicKey, label: 'photo album', created }
      const certificate = await signCertificate({ ...device, expires: created + CERTIFICATE_LIFETIME_MS }, masterKey)
      const content = { key: masterKey, name, certificates: [certificate], version: 'photo-album' }
      const places = { servers: [idServer], count: 1, idServers, clock, allowPrivate }
      return createRegistration({ ...content, ...places }).run()
    },
    write: ({ bytes }) => bytes,
    read: async (bytes) => ({ document: await openIdentity(bytes, { allowPrivate }), bytes }),
  })
  return { masterKey, deviceKey, identity }
}

/** What a file holds; made and written, for nobody else to read, when there is none. */
async function kept(path, { make, write, read }) {
  const bytes = await readPrivateFile(path, { maxBytes: MAX_FILE_BYTES }).catch((error) => {
    if (isBitdustError(error, 'NotFound')) return null
    throw error
  })
  if (bytes !== null) return read(bytes)
  const made = await make()
  await writeFileDurable(path, await write(made))
  return made
}
