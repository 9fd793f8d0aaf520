import { expect, test } from 'vitest'
import { LABELS } from '../src/index.ts'

test('every label is what it always was', () => {
  // A label that changes here makes stored data and signatures of older versions unreadable.
  expect(LABELS).toEqual({
    block: 'bitdust/block/v1',
    blockId: 'bitdust/block-id/v1',
    blockKey: 'bitdust/block-key/v1',
    location: 'bitdust/location/v1',
    layout: 'bitdust/layout/v1',
    header: 'bitdust/header/v1',
    secret: 'bitdust/secret/v1',
    generationKey: 'bitdust/generation-key/v1',
    manifest: 'bitdust/manifest/v1',
    journalEntry: 'bitdust/journal-entry/v1',
    entryKey: 'bitdust/entry-key/v1',
    droppedEntry: 'bitdust/dropped-entry/v1',
    cutTable: 'bitdust/cut-table/v1',
    reuse: 'bitdust/reuse/v1',
    fragmentName: 'bitdust/fragment-name/v1',
    packet: 'bitdust/packet/v1',
    hello: 'bitdust/hello/v1',
    identity: 'bitdust/identity/v1',
    certificate: 'bitdust/certificate/v1',
    enrolment: 'bitdust/enrolment/v1',
    revocation: 'bitdust/revocation/v1',
    family: 'bitdust/family/v1',
    contract: 'bitdust/contract/v1',
    offer: 'bitdust/offer/v1',
    receipt: 'bitdust/receipt/v1',
    members: 'bitdust/members/v1',
    grant: 'bitdust/grant/v1',
    accessProof: 'bitdust/access-proof/v1',
    keyAudit: 'bitdust/key-audit/v1',
    storageAudit: 'bitdust/storage-audit/v1',
    ticket: 'bitdust/ticket/v1',
    login: 'bitdust/login/v1',
    mailboxItem: 'bitdust/mailbox-item/v1',
    dhtRecord: 'bitdust/dht-record/v1',
    keyFile: 'bitdust/key-file/v1',
    stream: 'bitdust/stream/v1',
    streamKey: 'bitdust/stream-key/v1',
  })
})

test('no two labels are equal, so that nothing passes in another role', () => {
  const labels = Object.values(LABELS)
  expect(new Set(labels).size).toBe(labels.length)
})
