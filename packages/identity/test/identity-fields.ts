import { type IdentityFields, parseIdurl } from '../src/index.ts'

/** Fields of a plausible identity, with changes. Sources are given as text. */
export function identityFields({
  sources = ['http://first-machine.com/alice.xml', 'http://server-two.net/alice.xml'],
  ...changes
}: Partial<Omit<IdentityFields, 'sources'>> & { readonly sources?: readonly string[] } = {}): IdentityFields {
  return {
    contacts: ['tcp://123.45.67.89:7771', 'udp://alice@first-machine.com'],
    certificates: [],
    scrubbers: [],
    postage: '1',
    date: 'Sat Dec 13 14:08:36 2014',
    version: 'sources Linux-3.11.0-15-generic-i686-with-Ubuntu-12.04-precise',
    revision: 1,
    ...changes,
    sources: sources.map((source) => parseIdurl(source, { allowPrivate: true })),
  }
}
