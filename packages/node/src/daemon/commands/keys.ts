import { fingerprintColours, fingerprintWords, fromBase64, LABELS, toBase64 } from '@bitdust/crypto'
import * as v from 'valibot'
import { NodeError } from '../../errors.ts'
import { createKey } from '../../keys/add-key.ts'
import { noteBackup } from '../../keys/backup-note.ts'
import { exportKey, printKey } from '../../keys/export-key.ts'
import { findKey } from '../../keys/find-key.ts'
import { importKey } from '../../keys/import-key.ts'
import { type KeyHolder, keyHolderOf } from '../../keys/key-holder.ts'
import { type KeyRow, rowOf, useOf } from '../../keys/key-row.ts'
import { findPrivate, openKey } from '../../keys/open-key.ts'
import { type CommandArea, command } from '../command.ts'

const nothing = v.strictObject({})
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(512))
const passphrase = v.optional(v.pipe(v.string(), v.maxLength(4096)))

/** What can be asked for about keys, where a node runs and where none does. `export` and `print` alone give private parts out. */
export const keyDesk: CommandArea<KeyHolder> = {
  list: command(nothing, async (holder: KeyHolder) => {
    const keys = await Array.fromAsync(holder.keys.list())
    const rows = keys.map((key) => rowOf(holder, key)).sort(byName)
    return { keys: [rowOf(holder, 'master'), ...rows] }
  }),

  show: command(v.strictObject({ key: name }), async (holder: KeyHolder, { key }) => {
    const found = await findKey(holder, key)
    const row = rowOf(holder, found)
    const use = await useOf(holder, row)
    if (row.kind === 'damaged') return { ...row, words: null, colours: [], use }
    const { fingerprint } = (await openKey(holder, found)).publicKey
    return { ...row, words: fingerprintWords(fingerprint), colours: fingerprintColours(fingerprint), use }
  }),

  create: command(
    v.strictObject({
      name: v.optional(name),
      label: v.optional(name),
      bits: v.optional(v.picklist([2048, 3072, 4096])),
    }),
    (holder: KeyHolder, input, { signal }) => createKey(holder, { ...input, signal }),
  ),

  delete: command(v.strictObject({ key: name }), async (holder: KeyHolder, { key }) => {
    const found = await findKey(holder, key)
    if (found === 'master')
      throw new NodeError(
        'Unauthorized',
        'the master key is never deleted; it moves to another medium by: bitdust identity move-master FILE',
      )
    const { alias, creator } = found
    await holder.keys.remove({ alias, creator })
    return rowOf(holder, found)
  }),

  export: command(
    v.strictObject({
      key: name,
      form: v.picklist(['bitdust', 'pem', 'openssh']),
      part: v.picklist(['private', 'public']),
      passphrase,
    }),
    (holder: KeyHolder, { key, ...options }) => exportKey(holder, key, options),
  ),

  print: command(v.strictObject({ key: name }), (holder: KeyHolder, { key }) => printKey(holder, key)),

  import: command(
    v.strictObject({
      text: v.string(),
      fileName: v.pipe(v.string(), v.maxLength(4096)),
      name: v.optional(name),
      passphrase,
    }),
    (holder: KeyHolder, { text, ...options }) => importKey(holder, text, options),
  ),

  /** Opens the content key of an encrypted stream, so that the private key stays where it is. */
  unwrap: command(
    v.strictObject({ fingerprint: name, wrapped: v.pipe(v.string(), v.maxLength(1024)) }),
    async (holder: KeyHolder, { fingerprint, wrapped }) => {
      const key = await findPrivate(holder, fingerprint)
      if (key === null) throw new NodeError('NotFound', 'the private key is not here', { subject: fingerprint })
      return { contentKey: toBase64(await key.unwrap(LABELS.streamKey, fromBase64(wrapped))) }
    },
  ),

  /** Remembers that a copy of the master key was written, or that none is wanted. */
  'note-backup': command(v.strictObject({ what: v.picklist(['written', 'declined']) }), (holder: KeyHolder, { what }) =>
    noteBackup(holder.paths, what),
  ),
}

/** `key/…` of a running node. */
export const keyCommands: CommandArea = Object.fromEntries(
  Object.entries(keyDesk).map(([verb, { invoke }]) => [
    verb,
    { invoke: (node, input, context) => invoke(keyHolderOf(node), input, context) } satisfies CommandArea[string],
  ]),
)

/** Ours first, the newest generation of each before the others. */
function byName(a: KeyRow, b: KeyRow): number {
  if (a.mine !== b.mine) return a.mine ? -1 : 1
  if (a.keyId !== b.keyId) return a.keyId < b.keyId ? -1 : 1
  return b.generation - a.generation
}
