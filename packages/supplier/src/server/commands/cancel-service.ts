import { SupplierError } from '../../errors.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { cancelRequest, doneReply } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/**
 * `CancelService`: ends the contract and drops everything of the customer. Owner only, and where his master key is: an
 * enrolled device, which its certificate names as such by its encryption key, made no contract.
 */
export const cancelService = defineCommand({
  command: COMMANDS.cancelService,
  request: cancelRequest,
  async answer({ access }, visitor, { customer }) {
    const contracted = access.requireOwner(visitor, customer)
    if (visitor.caller.certificate.encryptionKey !== undefined)
      throw new SupplierError('Unauthorized', 'an enrolled device does not end contracts')
    await contracted.cancel()
    return ack(doneReply, {})
  },
})
