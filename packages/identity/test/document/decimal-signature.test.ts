import { expect, test } from 'vitest'
import { parseSignature } from '../../src/document/decimal-signature.ts'
import { expectCode } from '../expect-code.ts'
import { aliceKey } from '../test-keys.ts'

test('T08 a megabyte of digits is refused by its length, before any arithmetic', async () => {
  const digits = '9'.repeat(1024 * 1024)
  let fastest = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = process.cpuUsage()
    await expectCode('IdentityMalformed', () => parseSignature(digits, aliceKey.publicKey))
    const { user, system } = process.cpuUsage(start)
    fastest = Math.min(fastest, (user + system) / 1000)
  }
  expect(fastest).toBeLessThan(5)
})
