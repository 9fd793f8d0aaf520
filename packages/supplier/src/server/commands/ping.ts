import { familyRecord } from '@bitdust/records'
import { COMMANDS } from '../../protocol/commands.ts'
import { customerRequest, stateReply } from '../../protocol/services.ts'
import { ack, defineCommand } from '../command.ts'

/** `Ping`: says to a customer how he stands here; to everybody else, the same as to somebody who never was one. */
export const ping = defineCommand({
  command: COMMANDS.ping,
  request: customerRequest,
  async answer({ customers, books }, { caller }, { customer: fingerprint }) {
    const customer = caller.fingerprint === fingerprint ? customers.get(fingerprint) : undefined
    if (customer === undefined) return ack(stateReply, { free: 0, used: 0, granted: 0, familyRevision: null })
    const { granted, used, reserved } = customer.account.usage()
    const family = await books.records.get(fingerprint, { kind: 'family' })
    return ack(stateReply, {
      free: Math.max(0, granted - used - reserved),
      used,
      granted,
      familyRevision: family === null ? null : familyRecord.open(family).body.revision,
    })
  },
})
