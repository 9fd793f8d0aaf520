import {
  type DeviceId,
  equalBytes,
  type Fingerprint,
  generateRsaKey,
  type RsaPrivateKey,
  type RsaPublicKey,
} from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { Header, JournalHead, MemberLine, Opened } from '@bitdust/records'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, OwnerKeys, Self } from '../ports.ts'
import { newerRecord } from './fetch-record.ts'
import { type OwnSecrets, openOwnSecrets } from './header.ts'
import type { LocationState } from './known-location.ts'
import type { LocationRecords } from './location-records.ts'
import { headerWithDevice, headerWithGeneration } from './next-header.ts'
import type { OwnLocations } from './own-locations.ts'
import { wasOvertaken } from './quorum.ts'
import type { LocationRegistry } from './registry.ts'
import { restoredKeys } from './restored-keys.ts'
import type { GivenDevice, RenewedLocation } from './types.ts'

/** How often a change starts again because another device was faster. */
const MAX_ATTEMPTS = 5

export interface HeaderChangesOptions {
  readonly self: Self
  readonly ownerKeys: OwnerKeys
  readonly clock: Pick<Clock, 'now'>
  readonly registry: LocationRegistry
  readonly headers: LocationRecords<Header>
  readonly own: Pick<OwnLocations, 'changeMembers'>
}

/** Changes of headers of ours after they were made. Only one call for one location may run at a time. */
export interface HeaderChanges {
  /** See `Locations.sealToDevice`. */
  sealToDevice(state: LocationState, device: GivenDevice, options: CallOptions): Promise<void>
  /**
   * See `Locations.renew`.
   *
   * @param ends - Where the journals of the devices end that are revoked.
   */
  renew(
    state: LocationState,
    ends: ReadonlyMap<DeviceId, readonly JournalHead[]>,
    options: CallOptions,
  ): Promise<RenewedLocation>
}

export function createHeaderChanges({
  self,
  ownerKeys,
  clock,
  registry,
  headers,
  own,
}: HeaderChangesOptions): HeaderChanges {
  /** Puts the next header in force. `change` returns what it is made from when that says it all; it is stored again then. */
  async function changeHeader(
    state: LocationState,
    change: (before: Opened<Header>) => Promise<Opened<Header>>,
    options: CallOptions,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const place = registry.ownPlace(state.id)
      const stored = await headers.fetchEnough(place, options)
      // What was on its way when the last change failed may be at some supplier: its number is taken.
      const before = newerRecord(newerRecord(state.header, stored), await headers.kept(place)) ?? state.header
      const next = await change(before)
      try {
        await headers.store(next, place, options)
        return await registry.takeHeader(state, next)
      } catch (error) {
        if (!wasOvertaken(error) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  /** Master keys of those who may read on, and who of them could not be found. */
  async function remainingMembers(state: LocationState, { signal }: CallOptions) {
    const members: RsaPublicKey[] = []
    const unreached: Fingerprint[] = []
    const readers = new Set((state.members?.body.lines ?? []).flatMap((line) => readerOf(line, clock.now())))
    for (const reader of readers) {
      const key = await ownerKeys.publicKey(reader, { signal }).catch(() => null)
      signal.throwIfAborted()
      if (key === null) unreached.push(reader)
      else members.push(key)
    }
    return { members, unreached }
  }

  return {
    async sealToDevice(state, given, options) {
      const masterKey = requireMasterKey(self, 'give locations to devices')
      await changeHeader(
        state,
        async (before) => {
          if (isGiven(before, given)) return before
          return headerWithDevice(before, given, { masterKey, opened: await openOwnSecrets(before, self) })
        },
        options,
      )
    },

    async renew(state, ends, options) {
      const masterKey = requireMasterKey(self, 'renew locations')
      const { members, unreached } = await remainingMembers(state, options)
      const revoked = [...ends].map(([device, heads]) => ({ device, heads }))
      let key: RsaPrivateKey | undefined
      await changeHeader(
        state,
        async (before) => {
          // An earlier call came as far as a header; whatever was written after it does not count.
          const isDone = (device: DeviceId) => before.body.revoked.some((one) => one.device === device)
          if (revoked.length > 0 && revoked.every(({ device }) => isDone(device))) return before
          const opened = await openOwnSecrets(before, self)
          key ??= await successorOf(opened, masterKey)
          const fresh = revoked.filter(({ device }) => !isDone(device))
          return headerWithGeneration(before, { masterKey, opened, key, members, revoked: fresh })
        },
        options,
      )
      const { generation } = state.header.body.generations.at(-1)!
      if (state.alias !== MASTER_ALIAS)
        await own.changeMembers(state, (lines) => lines.map((line) => lineOf(line, generation)), options)
      return { generation, keys: restoredKeys(state), unreached }
    },
  }
}

/** Whether the newest generation is sealed to this key of this device. */
function isGiven({ body }: Opened<Header>, { device, encryptionKey }: GivenDevice): boolean {
  const named = body.devices.find((one) => one.device === device)
  if (named === undefined || !equalBytes(named.encryptionKey, encryptionKey.spki)) return false
  return body.generations.at(-1)?.devices.some((line) => line.device === device) ?? false
}

/** The key of the next generation: another one, not shorter; in the private location the master key as before. */
async function successorOf({ alias, keys }: OwnSecrets, masterKey: RsaPrivateKey): Promise<RsaPrivateKey> {
  if (alias === MASTER_ALIAS) return masterKey
  const before = [...keys.values()].at(-1)?.bits ?? 0
  return generateRsaKey(([2048, 3072] as const).find((bits) => bits >= before) ?? 4096)
}

/** Whom a line lets decrypt what is stored, by name. */
function readerOf({ who, rights, expires }: MemberLine, now: number): readonly Fingerprint[] {
  if (!('identity' in who) || (expires !== null && now >= expires)) return []
  return rights.includes('read') || rights.includes('write') ? [who.identity] : []
}

/** The line as it is to hold for the newest generation. */
function lineOf(line: MemberLine, generation: number): MemberLine {
  const who = 'identity' in line.who ? line.who : { holderOf: generation }
  return { ...line, who, generation }
}
