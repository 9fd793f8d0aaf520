import type { WriteStream } from 'node:tty'

/** A row of blocks, two characters each; empty where the stream is no terminal with colours. */
export function colourBlocks(colours: readonly string[], stream: Pick<WriteStream, 'isTTY' | 'getColorDepth'>): string {
  if (!stream.isTTY) return ''
  const depth = stream.getColorDepth()
  if (depth < 8) return ''
  return colours.map((colour) => `\u001b[48;${depth === 24 ? trueColour(colour) : ofCube(colour)}m  \u001b[0m`).join('')
}

function trueColour(colour: string): string {
  return `2;${partsOf(colour).join(';')}`
}

/** The nearest of the 6 x 6 x 6 colours that terminals with 256 colours have from number 16 on. */
function ofCube(colour: string): string {
  const [red = 0, green = 0, blue = 0] = partsOf(colour).map((part) => Math.round((part / 255) * 5))
  return `5;${16 + 36 * red + 6 * green + blue}`
}

function partsOf(colour: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}
