import { type Customer, type CustomerOptions, createCustomer } from '../src/customer.ts'
import type { CustomerError } from '../src/errors.ts'
import type { TestCustomer, TestNetwork, TestNetworkOptions } from './network.ts'
import { atEnd, inTime, MIB, networkOf, testCoder } from './setup.ts'

/** A customer over a test node, started, that ends with the test; with the problems that it told of. */
export interface RunningCustomer {
  readonly node: TestCustomer
  readonly customer: Customer
  readonly problems: CustomerError[]
}

export async function customerOf(node: TestCustomer, options: Partial<CustomerOptions> = {}): Promise<RunningCustomer> {
  const customer = createCustomer({ ...node, coder: await testCoder(), ...options })
  node.useProver((id) => customer.locations.prover(id))
  const problems: CustomerError[] = []
  customer.events.addEventListener('problem', ({ value }) => problems.push(value))
  atEnd(() => customer.stop())
  await customer.start(inTime())
  return { node, customer, problems }
}

/** A customer who has hired `count` suppliers on a network of its own. */
export async function storing(
  count: 2 | 4 | 7,
  { spare = 0, bytes = 16 * MIB, ...options }: Partial<TestNetworkOptions> & { spare?: number; bytes?: number } = {},
  customerOptions: Partial<CustomerOptions> = {},
): Promise<RunningCustomer & { readonly network: TestNetwork }> {
  const network = await networkOf({ suppliers: count + spare, ...options })
  const running = await customerOf(await network.customer(), customerOptions)
  await running.customer.family.hire({ count, bytes, ...inTime() })
  return { ...running, network }
}
