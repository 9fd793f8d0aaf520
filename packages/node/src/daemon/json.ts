import { NodeError } from '../errors.ts'

/** Deepest nesting of a request. */
export const MAX_JSON_DEPTH = 32
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Parses JSON that came over the local API.
 *
 * @throws {NodeError} `PacketMalformed`: not JSON, nested deeper than {@link MAX_JSON_DEPTH}, or with a key that could reach a prototype.
 */
export function parseUntrustedJson(text: string): unknown {
  const value = parse(text)
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) throw new NodeError('PacketMalformed', `JSON is nested deeper than ${MAX_JSON_DEPTH}`)
    level = level.flatMap(childrenOf)
  }
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NodeError('PacketMalformed', 'the body is not JSON', { cause: error })
  }
}

function childrenOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const forbidden = Object.keys(value).find((key) => FORBIDDEN_KEYS.has(key))
  if (forbidden !== undefined) throw new NodeError('PacketMalformed', `the key ${forbidden} is not allowed`)
  return Object.values(value)
}
