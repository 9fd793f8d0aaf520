import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { closedFormParity } from '../src/conformance/closed-form.ts'
import { createCoder, createWasmCoder } from '../src/index.ts'

interface Vector {
  readonly data: number
  readonly parity: number
  readonly fragmentBytes: number
  readonly dataHex: string
  readonly parityHex: string
}

const file = new URL('vectors/code-v1.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Vector[] }

/** Pinned: data stored by any earlier version must be read by every later one. */
test.each(cases)('the bytes of $data + $parity stay what they are', async ({ data, parity, fragmentBytes, ...hex }) => {
  const fragments = cut(hex.dataHex, fragmentBytes)
  const expected = cut(hex.parityHex, fragmentBytes)
  expect([fragments.length, expected.length]).toEqual([data, parity])
  for (const coder of [await createCoder(), await createWasmCoder()])
    expect(await coder.encode(fragments, parity)).toEqual(expected)
  expect(closedFormParity(fragments, parity)).toEqual(expected)
})

function cut(hex: string, size: number): Uint8Array[] {
  return Array.from({ length: hex.length / 2 / size }, (_, index) =>
    Uint8Array.from(Buffer.from(hex.slice(index * size * 2, (index + 1) * size * 2), 'hex')),
  )
}
