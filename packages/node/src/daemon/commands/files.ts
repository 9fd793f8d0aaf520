import * as v from 'valibot'
import { folderSource } from '../../adapters/folder-source.ts'
import { type RestoredEntry, restoreTo } from '../../adapters/folder-target.ts'
import { findPlace } from '../../remote-path.ts'
import { type CommandArea, command } from '../command.ts'

const remote = v.pipe(v.string(), v.maxLength(8192))
const local = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))

/** `files/…`: the catalog. Local paths are absolute; remote ones are global ids. */
export const fileCommands: CommandArea = {
  put: command(v.strictObject({ local, remote: v.optional(remote) }), async (node, input, { signal, progress }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote ?? baseName(input.local), { signal })
    const skipped: { path: string; reason: string }[] = []
    const entries = folderSource(input.local, {
      onSkipped: (skippedPath, reason) => skipped.push({ path: skippedPath, reason }),
    })
    const stored = await customer.put(path, { entries }, { location, signal, onProgress: progress })
    return { ...stored, skipped }
  }),
  get: command(
    v.strictObject({ remote, local, overwrite: v.optional(v.boolean(), false) }),
    async (node, input, { signal, progress }) => {
      const customer = node.requireCustomer()
      const { location, path, version } = await findPlace(node, input.remote, { signal })
      const reader = await customer.get(path, { location, signal, ...(version === undefined ? {} : { version }) })
      const total = reader.entry.size
      let done = 0
      async function* entries(): AsyncGenerator<RestoredEntry> {
        for await (const item of reader.walk()) {
          const { kind, mode, mtime, size } = item.entry
          yield { path: item.path, kind, mode, mtime, size, content: () => counted(item.open()) }
        }
      }
      async function* counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
        for await (const chunk of bytes) {
          done += chunk.length
          progress({ step: 'restoring', done, total })
          yield chunk
        }
      }
      return restoreTo(input.local, entries(), { overwrite: input.overwrite, signal })
    },
  ),
  ls: command(v.strictObject({ remote }), async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote, { signal })
    return { entries: await Array.fromAsync(customer.list(path, { location, signal })) }
  }),
  versions: command(v.strictObject({ remote }), async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote, { signal })
    return { versions: await customer.versions(path, { location, signal }) }
  }),
  rm: command(v.strictObject({ remote }), async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote, { signal })
    await customer.remove(path, { location, signal })
    return { path }
  }),
}

function baseName(path: string): string {
  return path.split('/').filter(Boolean).at(-1) ?? ''
}
