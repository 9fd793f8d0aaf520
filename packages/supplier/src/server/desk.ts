import type { DeviceKey, Fingerprint, RsaPrivateKey } from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { Access } from '../access/access.ts'
import type { Books } from '../books/books.ts'
import type { Customers } from '../contract/customers.ts'
import type { FragmentStore } from '../fragments/fragment-store.ts'
import type { SupplierLimits } from '../limits.ts'
import type { Locks } from '../locks.ts'
import type { Receipts } from './receipts.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Who the supplier is. Read at each use, so an IDURL that moves may be a getter. */
export interface SupplierSelf {
  readonly fingerprint: Fingerprint
  readonly idurl: Idurl
  readonly peerId: string
  /** Signs contracts. */
  readonly masterKey: RsaPrivateKey
  /** Signs offers and receipts. */
  readonly deviceKey: DeviceKey
}

/** Everything that the answering of commands works with. */
export interface Desk {
  readonly self: SupplierSelf
  readonly clock: Clock
  readonly limits: SupplierLimits
  readonly fragments: FragmentStore
  readonly books: Books
  readonly customers: Customers
  readonly access: Access
  readonly receipts: Receipts
  readonly subscriptions: Subscriptions
  /** Keyed by file name (writes of one file) and by fingerprint (changes of one customer's books). */
  readonly locks: Locks
  /** Whether commands are answered. */
  isOpen(): boolean
}
