import { COMMANDS } from '../../protocol/commands.ts'
import { cancelRequest, doneReply } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/** `CancelService`: ends the contract and drops everything of the customer. Owner only. */
export const cancelService = defineCommand({
  command: COMMANDS.cancelService,
  request: cancelRequest,
  async answer({ access }, visitor, { customer }) {
    await access.requireOwner(visitor, customer).cancel()
    return ack(doneReply, {})
  },
})
