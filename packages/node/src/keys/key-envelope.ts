import { basename } from 'node:path'
import { formatKeyId, idurlToUser, MASTER_ALIAS, parseIdurl, parseKeyId } from '@bitdust/identity'
import * as v from 'valibot'
import { NodeError } from '../errors.ts'

/** Longest key file that is read, in characters. */
export const MAX_KEY_CHARACTERS = 64 * 1024

/** The text of a key and what stands around it. Nothing of it was checked. */
export interface KeyEnvelope {
  /** Whose file it is: ours, the original's JSON, or a bare PEM or OpenSSH text. */
  readonly format: 'bitdust' | 'original' | 'pem' | 'openssh'
  /** `alias$user@host`; null where neither the file nor its name tells. Of a file of ours it is in the body. */
  readonly keyId: string | null
  /** Null where there is none; of a file of ours it is in the body. */
  readonly label: string | null
  /** PEM, an OpenSSH line, or the whole of a file of ours. */
  readonly body: string
}

/** Key files of the original (`original-bitdust.md` 3.2), stored and as sent to others (3.4). */
const OriginalFile = v.object({ body: v.string(), label: v.nullish(v.string()), key_id: v.nullish(v.string()) })
const OriginalTransfer = v.object({
  key_id: v.string(),
  public: v.string(),
  private: v.nullish(v.string()),
  label: v.nullish(v.string()),
})

/**
 * Finds out what kind of key file a text is, and takes the key's own text out of it.
 *
 * @param fileName - Where the text came from: the original keeps the key id in the name of the file.
 * @throws {NodeError} `KeyMalformed` for a text that is too long, and for JSON that is no key file.
 */
export function openKeyEnvelope(text: string, fileName: string): KeyEnvelope {
  if (text.length > MAX_KEY_CHARACTERS) throw malformed(`a key file has at most ${MAX_KEY_CHARACTERS} characters`)
  const trimmed = text.trim()
  const named = keyIdIn(basename(fileName).replace(/\.(private|public|key|pem)$/, ''))
  if (trimmed.startsWith('{')) return openJson(text, parseJson(trimmed), named)
  const { idurl, key } = readBackup(trimmed)
  const format = /^(?:ssh-|-----BEGIN OPENSSH )/.test(key) ? 'openssh' : 'pem'
  return { format, keyId: idurl === null ? named : masterKeyIdOf(idurl), label: null, body: key }
}

function openJson(text: string, json: unknown, named: string | null): KeyEnvelope {
  if (typeof json === 'object' && json !== null && 'format' in json)
    return { format: 'bitdust', keyId: null, label: null, body: text }
  const stored = v.safeParse(OriginalFile, json)
  if (stored.success) {
    const { body, label, key_id: id } = stored.output
    const keyId = typeof id === 'string' ? keyIdIn(id) : named
    return { format: 'original', keyId, label: label ?? null, body: body.trim() }
  }
  const sent = v.safeParse(OriginalTransfer, json)
  if (!sent.success) throw malformed('the file is JSON, but no key file of a form that is known')
  const { key_id: id, public: publicText, private: privateText, label } = sent.output
  const body = typeof privateText === 'string' && privateText !== '' ? privateText : publicText
  return { format: 'original', keyId: keyIdIn(id), label: label ?? null, body: body.trim() }
}

/** A backup of the original has the IDURLs of its owner in front of the master key, one on a line. */
function readBackup(text: string): { readonly idurl: string | null; readonly key: string } {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.trimStart().startsWith('-----BEGIN '))
  const before = lines.slice(0, Math.max(0, begin)).map((line) => line.trim())
  const [idurl, ...more] = before.filter((line) => line !== '')
  if (idurl === undefined || ![idurl, ...more].every((line) => /^https?:\/\/\S+\.xml$/.test(line)))
    return { idurl: null, key: text }
  return { idurl, key: lines.slice(begin).join('\n').trimStart() }
}

function masterKeyIdOf(idurl: string): string | null {
  return orNull(() => `${MASTER_ALIAS}$${idurlToUser(parseIdurl(idurl, { allowPrivate: true }))}`)
}

function keyIdIn(text: string): string | null {
  return orNull(() => (text.includes('$') || text.includes('@') ? formatKeyId(parseKeyId(text)) : null))
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('the file begins like JSON, but is none', cause)
  }
}

function malformed(message: string, cause?: unknown): NodeError {
  return new NodeError('KeyMalformed', message, cause === undefined ? {} : { cause })
}
