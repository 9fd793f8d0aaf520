import { generateDeviceKey } from '@bitdust/crypto'
import { peerIdOfDevice } from '@bitdust/identity'
import { expect, test } from 'vitest'
import { type NewDevice, withDevice, withoutDevice } from '../src/enrolment/device-fields.ts'
import { signAlice } from './own-folder.ts'

const first = await generateDeviceKey()
const second = await generateDeviceKey()
const [firstPeer, secondPeer] = [first, second].map(({ publicKey }) => peerIdOfDevice(publicKey.bytes)) as [
  string,
  string,
]
const { document: fields } = await signAlice({ devices: [{ key: first }] })
const added: NewDevice = {
  certificate: 'AAAA',
  peerId: secondPeer,
  contacts: ['tcp://93.184.216.35:7771'],
  onlyOther: firstPeer,
  allowPrivate: false,
}

test('with a second device, all contacts name theirs', () => {
  const { contacts, certificates } = withDevice(fields, added)
  expect(contacts).toEqual([`tcp://${firstPeer}@93.184.216.34:7771`, `tcp://${secondPeer}@93.184.216.35:7771`])
  expect(certificates).toEqual([...fields.certificates, 'AAAA'])
})

test('a device without contacts still makes the others name theirs', () => {
  expect(withDevice(fields, { ...added, contacts: [] }).contacts).toEqual([`tcp://${firstPeer}@93.184.216.34:7771`])
})

test('contacts through others and by user name stay as they are', () => {
  const contacts = ['udp://alice@first-machine.com', `proxy://${secondPeer}@93.184.216.36:7771`]
  expect(withDevice({ ...fields, contacts }, { ...added, contacts: [] }).contacts).toEqual(contacts)
})

test('taking a device out leaves the others as they were', () => {
  const both = withDevice(fields, added)
  const device = { peerId: secondPeer, certificates: ['AAAA', 'BBBB'], allowPrivate: false }
  const { contacts, certificates } = withoutDevice(both, device)
  expect(contacts).toEqual([`tcp://${firstPeer}@93.184.216.34:7771`])
  expect(certificates).toEqual(fields.certificates)
})
