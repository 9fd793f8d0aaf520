import { challengeReply, proofRequest } from '../../protocol/access.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { doneReply, locationRequest } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/** `AccessNonce`: a nonce to be signed with a location's key. */
export const accessNonce = defineCommand({
  command: COMMANDS.accessNonce,
  request: locationRequest,
  async answer({ access }, visitor, place) {
    return ack(challengeReply, await access.challenge(visitor, place))
  },
})

/** `AuditKey`: the nonce signed. From then on the connection acts with the rights that the member list gives. */
export const auditKey = defineCommand({
  command: COMMANDS.auditKey,
  request: proofRequest,
  async answer({ access }, visitor, { proof, ...place }) {
    await access.prove(visitor, place, proof)
    return ack(doneReply, {})
  },
})
