import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  checkNewUserName,
  IdentityError,
  idServerOf,
  idurlOn,
  idurlParts,
  openIdentity,
  parseIdServer,
} from '@bitdust/identity'

const MAX_IDENTITIES = 1000

/**
 * Identities that this site serves itself, as files `NAME.xml`, so that one can try it without an ID-server. Not for the
 * open Internet, where `@bitdust/idserver` does this with limits and under load.
 */
export function createTrialIdentities({ origin, folder: parent }) {
  const folder = join(parent, 'identities')
  const server = parseIdServer(origin, { allowPrivate: true })
  const idurlOf = (name) => idurlOn(server, checkNewUserName(name))

  return {
    name: 'trial',

    /** As a source of a resolver: answers for the addresses of this site. */
    async fetch(query) {
      if (!('idurl' in query) || idServerOf(query.idurl) !== server) return null
      return this.read(idurlParts(query.idurl).name)
    },

    /** @returns The document, or null. */
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(folder, `${checkNewUserName(name)}.xml`)))
      } catch (error) {
        if (error.code === 'ENOENT' || error.code === 'PathUnsafe') return null
        throw error
      }
    },

    /** Takes a new identity. Nobody can replace one. */
    async publish(name, bytes) {
      const idurl = idurlOf(name)
      const { sources } = await openIdentity(bytes, { allowPrivate: true })
      if (sources.length !== 1 || sources[0] !== idurl)
        throw new IdentityError('IdurlForbidden', `the only source of this identity must be ${idurl}`)
      await mkdir(folder, { recursive: true })
      if ((await readdir(folder)).length >= MAX_IDENTITIES)
        throw new IdentityError('IdurlForbidden', 'this site keeps no more identities')
      await writeFile(join(folder, `${name}.xml`), bytes, { flag: 'wx' }).catch((cause) => {
        if (cause.code !== 'EEXIST') throw cause
        throw new IdentityError('IdentityNameTaken', `${idurl} is taken`)
      })
    },
  }
}
