import { writeFile } from 'node:fs/promises'
import { LABELS } from '@bitdust/crypto'
import { formatSignature } from '../../src/document/decimal-signature.ts'
import { readXml } from '../../src/document/read-xml.ts'
import { signedMessage } from '../../src/document/signed-message.ts'
import { aliceKey } from '../test-keys.ts'

// Run by hand: node --conditions=@bitdust/source packages/identity/test/vectors/make-identity-document.mjs
// The signature is randomised, so that each run gives another valid vector; the committed one stays.

const unsigned = (signature) => `<identity>
<contacts>
  <contact>tcp://123.45.67.89:7771</contact>
  <contact>udp://alice@first-machine.com</contact>
</contacts>
<sources>
  <source>http://first-machine.com/alice.xml</source>
  <source>http://server-two.net/alice.xml</source>
</sources>
<certificates/>
<scrubbers/>
<postage>1</postage>
<date>Sat Dec 13 14:08:36 2014</date>
<version>
  sources Linux-3.11.0-15-generic-i686-with-Ubuntu-12.04-precise
</version>
<publickey>
  ${aliceKey.publicKey.toOpenSsh()}
</publickey>
<signature>
  ${signature}
</signature>
</identity>
`

const { children } = readXml(new TextEncoder().encode(unsigned('1')))
const message = signedMessage((name) => children.find((child) => child.name === name))
const signature = formatSignature(await aliceKey.sign(LABELS.identity, message))
const vector = {
  source: 'The identity file in the chapter "User identification" of the documents, its key and signature (cut off there) completed',
  generatedBy: 'make-identity-document.mjs with the first 2048-bit key of @bitdust/testing',
  fingerprint: aliceKey.publicKey.fingerprint,
  messageHex: Buffer.from(message).toString('hex'),
  xml: unsigned(signature),
}
await writeFile(new URL('identity-document-v1.json', import.meta.url), `${JSON.stringify(vector, null, 2)}\n`)
