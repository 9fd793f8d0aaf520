import { generateRsaKey, type RsaPrivateKey } from '@bitdust/crypto'
import { expect } from 'vitest'
import { type SignedIdentity, signIdentity } from '../document/sign-identity.ts'
import { idurlOn, parseIdServer } from '../names/id-server.ts'
import type { IdServerPort } from '../publishing/id-server-port.ts'
import type { Law } from './law.ts'

/** A port and servers to try it on. */
export interface IdServerUnderTest {
  readonly idServers: IdServerPort
  /** A server that answers and holds nothing, as `parseIdServer` reads it; may be private. */
  readonly alive: string
  /** One that does not answer. */
  readonly dead: string
}

const options = { signal: new AbortController().signal }
const keys: Promise<readonly [RsaPrivateKey, RsaPrivateKey]> = Promise.all([generateRsaKey(2048), generateRsaKey(2048)])

function addressOn(server: string) {
  return idurlOn(parseIdServer(server, { allowPrivate: true }), 'alice')
}

async function sign(
  server: string,
  revision: number,
  { stranger = false, version = '' } = {},
): Promise<SignedIdentity> {
  const [own, other] = await keys
  const fields = { contacts: [], certificates: [], scrubbers: [], postage: '1', date: '', version, revision }
  return signIdentity({ ...fields, sources: [addressOn(server)] }, stranger ? other : own)
}

export const idServerLaws: readonly Law<IdServerUnderTest>[] = [
  {
    title: 'a server is alive or not',
    async hold({ idServers, alive, dead }) {
      expect(await idServers.probe(parseIdServer(alive, { allowPrivate: true }), options)).toBe(true)
      expect(await idServers.probe(parseIdServer(dead, { allowPrivate: true }), options)).toBe(false)
    },
  },
  {
    title: 'where nothing is published is null, where nobody answers is an error',
    async hold({ idServers, alive, dead }) {
      expect(await idServers.fetch(addressOn(alive), options)).toBeNull()
      await expect(idServers.fetch(addressOn(dead), options)).rejects.toThrow()
      await expect(idServers.publish(addressOn(dead), (await sign(dead, 1)).bytes, options)).rejects.toThrow()
    },
  },
  {
    title: 'what is published is served byte for byte, and may be published again',
    async hold({ idServers, alive }) {
      const { bytes } = await sign(alive, 1)
      await idServers.publish(addressOn(alive), bytes, options)
      await idServers.publish(addressOn(alive), bytes, options)
      expect(await idServers.fetch(addressOn(alive), options)).toEqual(bytes)
    },
  },
  {
    title: 'a higher revision replaces, a lower and a different equal one are IdentityRollback',
    async hold({ idServers, alive }) {
      await idServers.publish(addressOn(alive), (await sign(alive, 1)).bytes, options)
      const { bytes } = await sign(alive, 3)
      await idServers.publish(addressOn(alive), bytes, options)
      for (const older of [await sign(alive, 2), await sign(alive, 3, { version: 'other' })]) {
        const refused = idServers.publish(addressOn(alive), older.bytes, options)
        await expect(refused).rejects.toMatchObject({ code: 'IdentityRollback' })
      }
      expect(await idServers.fetch(addressOn(alive), options)).toEqual(bytes)
    },
  },
  {
    title: 'a name that another key holds is IdentityNameTaken',
    async hold({ idServers, alive }) {
      const { bytes } = await sign(alive, 1)
      await idServers.publish(addressOn(alive), bytes, options)
      const refused = idServers.publish(addressOn(alive), (await sign(alive, 9, { stranger: true })).bytes, options)
      await expect(refused).rejects.toMatchObject({ code: 'IdentityNameTaken' })
      expect(await idServers.fetch(addressOn(alive), options)).toEqual(bytes)
    },
  },
]
