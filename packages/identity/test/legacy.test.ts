import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLegacyIdentity, verifyIdentity } from '../src/index.ts'

// Made by running the original on throw-away keys; given to this project as data (shared/vectors/interop).
interface Item {
  readonly name: string
  readonly xml: string
  readonly sources: readonly string[]
  readonly contacts: readonly string[]
  readonly revision: string
  readonly key_bits: number
  readonly original_says: { readonly isValid: boolean | string; readonly isCorrect: boolean | string }
}

function load(name: string): readonly Item[] {
  const text = readFileSync(join(import.meta.dirname, 'vectors/original', `${name}.json`), 'utf8')
  return (JSON.parse(text) as { items: Item[] }).items
}

const encode = (text: string) => new TextEncoder().encode(text)

describe('identities of the original', () => {
  test.each(load('identities-good'))(
    '$name is read and verifies',
    async ({ xml, sources, contacts, revision, key_bits }) => {
      const identity = await openLegacyIdentity(encode(xml))
      expect(identity).toMatchObject({
        scheme: 'legacy',
        sources,
        contacts,
        revision: Number(revision),
        bits: key_bits,
      })
      expect(await verifyIdentity(encode(xml))).toEqual({
        scheme: 'legacy',
        valid: true,
        code: null,
        sources,
        contacts,
        fingerprint: identity.fingerprint,
      })
    },
  )

  test.each(load('identities-tampered'))('$name is refused', async ({ xml }) => {
    await expect(openLegacyIdentity(encode(xml))).rejects.toMatchObject({ code: 'IdentitySignatureInvalid' })
    expect(await verifyIdentity(encode(xml))).toMatchObject({
      scheme: null,
      valid: false,
      code: 'IdentitySignatureInvalid',
    })
  })

  test.each(load('identities-odd'))('$name is judged as agreed', async ({ name, xml, original_says }) => {
    // Number forms bind us more strictly than the original: one canonical decimal below the modulus.
    const accepted =
      original_says.isValid === true && original_says.isCorrect === true && !name.startsWith('signature-')
    expect((await verifyIdentity(encode(xml))).valid).toBe(accepted)
  })

  test('every changed byte that alters a signed value is refused', async () => {
    const [{ xml }] = load('identities-good') as [Item]
    for (let at = 0; at < xml.length; at += 7) {
      const changed = `${xml.slice(0, at)}${xml[at] === 'x' ? 'y' : 'x'}${xml.slice(at + 1)}`
      const verdict = await verifyIdentity(encode(changed))
      if (!verdict.valid) continue
      // What the original's signature does not cover: names of unknown elements, certificates, the header.
      expect(verdict).toMatchObject({ sources: (load('identities-good')[0] as Item).sources })
    }
  })

  test.each([
    ['DOCTYPE', '<!DOCTYPE identity [<!ENTITY a "b">]><identity/>'],
    ['two roots', '<identity/><identity/>'],
    ['another root', '<person/>'],
    ['nothing', ''],
    ['text', 'not xml'],
    ['too large', `<identity>${' '.repeat(70_000)}</identity>`],
    ['a list twice', '<identity><sources/><sources/></identity>'],
  ])('%s is malformed', async (_, text) => {
    expect(await verifyIdentity(encode(text))).toMatchObject({ valid: false, code: 'IdentityMalformed' })
  })
})

const originals = join(import.meta.dirname, '../../../../shared/vectors/original/identities')
// Not ours to copy: tests read it where it was put beside the repository, and nowhere else.
const absent = !existsSync(originals)
if (absent) console.info('skipped: the test data of the original is not beside the repository')

describe.skipIf(absent)('test data of the original, read from where it lies', () => {
  test.each(absent ? [] : readdirSync(originals).filter((name) => name.endsWith('.xml')))(
    '%s verifies',
    async (name) => {
      expect(await verifyIdentity(readFileSync(join(originals, name)))).toMatchObject({ scheme: 'legacy', valid: true })
    },
  )

  interface Mutation {
    readonly name: string
    readonly base: string
    readonly replace: readonly (readonly [string, string])[]
    readonly expect: { readonly isCorrect: boolean | string; readonly valid: boolean | string }
  }
  const mutations: readonly Mutation[] = absent
    ? []
    : (JSON.parse(readFileSync(join(originals, 'mutations.json'), 'utf8')) as { cases: Mutation[] }).cases
  test.each(mutations)('$name', async ({ name, base, replace, expect: expected }) => {
    const text = replace.reduce(
      (at, [from, to]) => at.replaceAll(from, to),
      readFileSync(join(originals, base), 'utf8'),
    )
    const accepted =
      expected.isCorrect === true && expected.valid === true && name !== 'signature with a leading zero digit'
    expect((await verifyIdentity(encode(text))).valid).toBe(accepted)
  })
})
