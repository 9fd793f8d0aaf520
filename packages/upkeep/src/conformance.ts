/**
 * The laws that every `KeyValueStore` keeps, as Vitest tests. For tests only.
 *
 * @packageDocumentation
 */
import { describe, test } from 'vitest'
import { keyValueStoreLaws, type StoreUnderTest } from './conformance/laws.ts'

export type { StoreUnderTest } from './conformance/laws.ts'

/**
 * Registers one test per law.
 *
 * @param name - Heading of the tests.
 * @param make - Called once per law; makes an empty store.
 */
export function keyValueStoreConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`KeyValueStore: ${name}`, () => {
    for (const { title, hold } of keyValueStoreLaws) {
      test(title, async () => {
        const made = await make()
        try {
          await hold(made)
        } finally {
          await made.close?.()
        }
      })
    }
  })
}
