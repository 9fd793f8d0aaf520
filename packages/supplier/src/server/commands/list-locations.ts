import { COMMANDS } from '../../protocol/commands.ts'
import { locationsReply } from '../../protocol/records.ts'
import { customerRequest } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/** `ListLocations`: which locations the owner has here. Owner only. */
export const listLocations = defineCommand({
  command: COMMANDS.listLocations,
  request: customerRequest,
  async answer({ access, books }, visitor, { customer }) {
    access.requireOwner(visitor, customer)
    return ack(locationsReply, { locations: [...(await books.locations(customer))] })
  },
})
