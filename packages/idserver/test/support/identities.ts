import { importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import { formatIdentityDate, type Idurl, parseIdurl, signIdentity } from '@bitdust/identity'
import { testKeys } from '@bitdust/testing'

/** Host of the servers under test. */
export const HOST = 'id.example'

export interface MakeIdentity {
  /** @default 'alice' at {@link HOST} */
  readonly sources?: readonly string[]
  /** @default 1 */
  readonly revision?: number
  /** Which of the test keys signs. @default 0 */
  readonly key?: number
  /** Makes documents of one revision differ. @default '1.0.0' */
  readonly version?: string
  /** @default none */
  readonly certificates?: readonly string[]
}

const keys = new Map<number, Promise<RsaPrivateKey>>()

function testKey(index: number): Promise<RsaPrivateKey> {
  const known = keys.get(index) ?? importRsaPrivateKey(testKeys[2048][index]!)
  keys.set(index, known)
  return known
}

/** The bytes of a signed identity document. */
export async function makeIdentity(options: MakeIdentity = {}): Promise<Uint8Array<ArrayBuffer>> {
  const {
    sources = [`http://${HOST}/alice.xml`],
    revision = 1,
    key = 0,
    version = '1.0.0',
    certificates = [],
  } = options
  const fields = {
    contacts: ['tcp://123.45.67.89:7771'],
    sources: sources.map(idurl),
    certificates,
    scrubbers: [],
    postage: '1',
    date: formatIdentityDate(Date.UTC(2026, 0, 1)),
    version,
    revision,
  }
  return Uint8Array.from((await signIdentity(fields, await testKey(key))).bytes)
}

/** An IDURL of a test, private hosts included. */
export function idurl(text: string): Idurl {
  return parseIdurl(text, { allowPrivate: true })
}
