import { fromHex, toHex } from '@bitdust/crypto'

/** JSON in which bytes stand as `{ "hex": "..." }`. */
export function formatVector(value: unknown): string {
  const text = JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? { hex: toHex(item) } : item), 2)
  return `${text}\n`
}

/** Reads what {@link formatVector} wrote; the caller states the type. */
export function parseVector<T>(text: string): T {
  return JSON.parse(text, (_, item) => (isHex(item) ? fromHex(item.hex) : item))
}

function isHex(item: unknown): item is { hex: string } {
  return typeof item === 'object' && item !== null && 'hex' in item && Object.keys(item).length === 1
}
