import { type DeviceId, type Fingerprint, LABELS } from '@bitdust/crypto'
import { parseVersion } from '@bitdust/identity'
import { defineRecord, type RecordKind } from './define-record.ts'
import { struct, text } from './fields.ts'
import { checked, deviceId, fingerprint, locationId, timestamp } from './id-fields.ts'
import type { LocationId } from './ids.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'
import { type Entry, entryField } from './manifest-node.ts'

/** What one put stored: the root of a tree of {@link Entry}, everything else in blocks. Travels in a journal entry. */
export interface Manifest {
  readonly location: LocationId
  readonly writer: Fingerprint
  /** The device of the writer that signs. */
  readonly device: DeviceId
  /** Milliseconds since the Unix epoch. */
  readonly created: number
  /** Name of the version, for people: `F20160313043757PM`. Order never comes from it. */
  readonly version: string
  readonly root: Entry
}

const versionName = checked(text(32), (name) => {
  parseVersion(name)
  return name
})

/**
 * Signed by the `device` of the writer. What is encrypted to somebody proves nothing about who wrote it, so a manifest
 * is verified before anything in it is used.
 */
export const manifestRecord: RecordKind<Manifest, 'device'> = defineRecord({
  kind: 'manifest',
  label: LABELS.manifest,
  maxBytes: MAX_MANIFEST_BYTES,
  signers: { device: { key: 'device', name: ({ device }) => device } },
  versions: {
    1: struct<Manifest>({
      location: locationId,
      writer: fingerprint,
      device: deviceId,
      created: timestamp,
      version: versionName,
      root: entryField,
    }),
  },
})
