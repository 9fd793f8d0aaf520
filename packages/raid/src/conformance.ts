/**
 * The laws that every `Coder` keeps, as Vitest tests. For tests only.
 *
 * @packageDocumentation
 */
import { describe, test } from 'vitest'
import type { Coder } from './coder.ts'
import { coderLaws } from './conformance/laws.ts'

/**
 * Registers one test per law.
 *
 * @param name - Heading of the tests.
 * @param make - Called once per law.
 */
export function coderConformance(name: string, make: () => Promise<Coder>): void {
  describe(`Coder: ${name}`, () => {
    for (const { title, hold } of coderLaws) test(title, async () => hold(await make()))
  })
}
