/**
 * What every `FragmentStore` does, as Vitest tests. For tests only.
 *
 * @packageDocumentation
 */
import { describe, test } from 'vitest'
import { fragmentStoreLaws } from './conformance/fragment-store-laws.ts'
import type { FragmentStore } from './fragments/fragment-store.ts'

/**
 * Registers one test per law.
 *
 * @param name - Heading of the tests.
 * @param make - Gives an empty store; called once per law.
 */
export function fragmentStoreConformance(name: string, make: () => Promise<FragmentStore>): void {
  describe(`FragmentStore: ${name}`, () => {
    for (const { title, hold } of fragmentStoreLaws) test(title, async () => hold(await make()))
  })
}
