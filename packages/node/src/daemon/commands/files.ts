import * as v from 'valibot'
import { type RestoreFailure, restoreTo } from '../../adapters/folder-target.ts'
import { restoredEntries } from '../../adapters/restored-entries.ts'
import { findPlace } from '../../remote-path.ts'
import { type CommandArea, command } from '../command.ts'

const remote = v.pipe(v.string(), v.maxLength(8192))
const local = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))

/** `files/…`: the catalog. Local paths are absolute; remote ones are global ids. */
export const fileCommands: CommandArea = {
  put: command(
    v.strictObject({ local, remote: v.optional(remote), wait: v.optional(v.boolean(), true) }),
    async (node, input, { signal, progress }) => {
      node.requireCustomer()
      const wanted = { local: input.local, remote: input.remote ?? baseName(input.local) }
      return input.wait ? node.transfers.put(wanted, { signal, onProgress: progress }) : node.transfers.add(wanted)
    },
  ),
  transfers: command(v.strictObject({}), async (node) => ({ transfers: node.transfers.list() })),
  cancel: command(v.strictObject({ id: v.string() }), async (node, { id }) => {
    await node.transfers.cancel(id)
    return { id }
  }),
  get: command(
    v.strictObject({ remote, local, overwrite: v.optional(v.boolean(), false) }),
    async (node, input, { signal, progress }) => {
      const customer = node.requireCustomer()
      const { location, path, version } = await findPlace(node, input.remote, { signal })
      const reader = await customer.get(path, { location, signal, ...(version === undefined ? {} : { version }) })
      const unreadable: RestoreFailure[] = []
      const entries = restoredEntries(reader, {
        // What others put does not run in our name for whoever starts it.
        modes: location.mine ? 0o7777 : 0o1777,
        onUnreadable: (failure) => unreadable.push(failure),
        onBytes: (done) => progress({ step: 'restoring', done, total: reader.entry.size }),
      })
      const summary = await restoreTo(input.local, entries, { overwrite: input.overwrite, signal })
      return { ...summary, failed: [...unreadable, ...summary.failed] }
    },
  ),
  ls: command(v.strictObject({ remote }), async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote, { signal })
    return { entries: await Array.fromAsync(customer.list(path, { location, signal })) }
  }),
  health: command(v.strictObject({ remote }), async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path, version } = await findPlace(node, input.remote, { signal })
    return customer.health(path, { location, signal, ...(version === undefined ? {} : { version }) })
  }),
  verify: command(
    v.strictObject({ remote, percent: v.optional(v.number(), 100) }),
    async (node, { remote: text, percent }, { signal, progress }) => {
      const customer = node.requireCustomer()
      const { location, path, version } = await findPlace(node, text, { signal })
      return customer.verify(path, {
        location,
        percent,
        signal,
        ...(version === undefined ? {} : { version }),
        onProgress: ({ done, total }) => progress({ step: 'verifying', done, total, unit: 'blocks' }),
      })
    },
  ),
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
