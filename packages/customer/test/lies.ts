import type { RemoteSuppliers } from '../src/ports.ts'
import type { TestCustomer } from './network.ts'

/** Changes what suppliers answer to this customer, or what becomes of what he sends. */
export type Meddling = (remotes: RemoteSuppliers) => Partial<RemoteSuppliers>

/** The customer with suppliers that do something else than they should. The client between them stays as it is. */
export function meddled(node: TestCustomer, meddling: Meddling): TestCustomer {
  return { ...node, remotes: { ...node.remotes, ...meddling(node.remotes) } as TestCustomer['remotes'] }
}
