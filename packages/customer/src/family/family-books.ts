import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import {
  type Contract,
  contractRecord,
  defineMessage,
  fingerprint,
  idurl,
  integer,
  type Opened,
  peerId,
  struct,
} from '@bitdust/records'
import type { KeyValueStore, StoreChange } from '@bitdust/upkeep'
import { decodePlan, encodePlan, type FamilyPlan } from './plan.ts'
import type { OpenedFamily } from './types.ts'

/** Form of a dismissed supplier in the store, version 1. */
const dismissedMessage = defineMessage(
  struct<PeerRef & { readonly version: number }>({ version: integer(1, 1), fingerprint, idurl, peerId }),
  'dismissed',
)
const MAX_DISMISSED_BYTES = 2048

/** What the customer keeps about his family. Whatever does not decode counts as not there: it can be found again. */
export interface FamilyBooks {
  /** Bytes of the family in force, unverified. */
  current(): Promise<Uint8Array | null>
  /** The change under way. */
  plan(): Promise<FamilyPlan | null>
  keepPlan(plan: FamilyPlan): Promise<void>
  dropPlan(): Promise<void>
  contract(supplier: Fingerprint): Promise<Opened<Contract> | null>
  /** Keeps a family as the one in force, in one step with its new contracts and with those whom it dismisses. */
  keepCurrent(
    family: OpenedFamily,
    change: { readonly contracts: readonly Uint8Array[]; readonly dismissed: readonly PeerRef[] },
  ): Promise<void>
  /** Suppliers of earlier revisions that still have our data. */
  dismissed(): Promise<readonly PeerRef[]>
  dropDismissed(supplier: Fingerprint): Promise<void>
}

const CURRENT = 'family/current'
const PLAN = 'family/plan'
const DISMISSED = 'family/dismissed/'
const contractKey = (supplier: Fingerprint) => `family/contract/${supplier}`

export function createFamilyBooks(store: KeyValueStore): FamilyBooks {
  return {
    current: () => store.get(CURRENT),
    plan: async () => decoded(await store.get(PLAN), decodePlan),
    keepPlan: (plan) => store.batch([{ put: PLAN, value: encodePlan(plan) }]),
    dropPlan: () => store.batch([{ delete: PLAN }]),
    contract: async (supplier) => decoded(await store.get(contractKey(supplier)), contractRecord.open),

    keepCurrent(family, { contracts, dismissed }) {
      const changes: StoreChange[] = [{ put: CURRENT, value: family.bytes }]
      for (const contract of contracts)
        changes.push({ put: contractKey(contractRecord.open(contract).body.supplier), value: contract })
      for (const { fingerprint, idurl, peerId } of dismissed) {
        const value = dismissedMessage.encode({ version: 1, fingerprint, idurl, peerId })
        changes.push({ put: DISMISSED + fingerprint, value }, { delete: contractKey(fingerprint) })
      }
      return store.batch(changes)
    },

    async dismissed() {
      const peers: PeerRef[] = []
      for await (const [, value] of store.list({ prefix: DISMISSED })) {
        const peer = decoded(value, (bytes) => dismissedMessage.decode(bytes, MAX_DISMISSED_BYTES))
        if (peer !== null) peers.push(peer)
      }
      return peers
    },
    dropDismissed: (supplier) => store.batch([{ delete: DISMISSED + supplier }]),
  }
}

function decoded<T>(bytes: Uint8Array | null, decode: (bytes: Uint8Array) => T): T | null {
  if (bytes === null) return null
  try {
    return decode(bytes)
  } catch {
    return null
  }
}
