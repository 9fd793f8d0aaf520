import { fingerprintColours, parseFingerprint } from '@bitdust/crypto'
import { expect, test } from 'vitest'
import { colourBlocks } from '../src/cli/colour-blocks.ts'

const stream = (depth: number, isTTY = true) => ({ isTTY, getColorDepth: () => depth })

test('colours where a terminal has them', () => {
  const colours = ['#e69f00', '#0072b2']
  expect(colourBlocks(colours, stream(24))).toBe('\u001b[48;2;230;159;0m  \u001b[0m\u001b[48;2;0;114;178m  \u001b[0m')
  expect(colourBlocks(colours, stream(8))).toBe('\u001b[48;5;214m  \u001b[0m\u001b[48;5;31m  \u001b[0m')
  for (const none of [stream(4), stream(1), stream(24, false)]) expect(colourBlocks(colours, none)).toBe('')
})

test('256 colours are enough to tell all of them apart', () => {
  const all = new Set<string>()
  for (let digit = 0; digit < 256; digit++) {
    const fingerprint = parseFingerprint(digit.toString(16).padStart(2, '0').repeat(32))
    for (const colour of fingerprintColours(fingerprint)) all.add(colour)
  }
  expect(all.size).toBe(8)
  expect(new Set([...all].map((colour) => colourBlocks([colour], stream(8)))).size).toBe(8)
})
