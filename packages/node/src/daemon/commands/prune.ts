import * as v from 'valibot'
import { findPlace } from '../../remote-path.ts'
import { parseDuration } from '../../units.ts'
import { command } from '../command.ts'

/** `files/prune`: releases versions, and frees what none uses. Without `remote`: all of the private location. */
export const prune = command(
  v.strictObject({
    remote: v.optional(v.pipe(v.string(), v.maxLength(8192)), ''),
    keep: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    olderThan: v.optional(v.pipe(v.string(), v.maxLength(64))),
  }),
  async (node, input, { signal }) => {
    const customer = node.requireCustomer()
    const { location, path } = await findPlace(node, input.remote, { signal })
    const keep = input.keep ?? node.config.customer.keepVersions
    const olderThan = input.olderThan === undefined ? {} : { olderThanMs: parseDuration(input.olderThan) }
    const { released, freed, waiting, unreached } = await customer.prune(path, { location, signal, keep, ...olderThan })
    return { released, freed, waiting, unreached }
  },
)
