import { systemClock } from '@bitdust/machine'
import * as v from 'valibot'
import { addDevice } from '../../enrolment/add-device.ts'
import { listDevices } from '../../enrolment/devices.ts'
import { findRequest } from '../../enrolment/find-request.ts'
import { revokeDevice } from '../../enrolment/revoke-device.ts'
import { type CommandArea, command } from '../command.ts'

const code = v.pipe(v.string(), v.maxLength(64))
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(512))
const label = v.pipe(v.string(), v.minLength(1), v.maxLength(64))

/** `device/…`: the devices of the own identity. */
export const deviceCommands: CommandArea = {
  list: command(v.strictObject({}), async (node) => ({
    devices: (await listDevices(node)).map(({ certificates: _, ...device }) => device),
  })),
  find: command(v.strictObject({ code }), async (node, input, { signal }) => {
    node.requireMasterKey('enrol devices')
    const owner = node.identity.fingerprint
    const options = { code: input.code, owner, dht: node.dht, now: systemClock.now(), signal }
    const { words, peerId, expires, body } = await findRequest(options)
    return { words, peerId, expires, label: body.label }
  }),
  add: command(
    v.strictObject({
      code,
      label: v.optional(label),
      keys: v.optional(v.array(name)),
      locations: v.optional(v.array(name)),
    }),
    (node, input, { signal, progress }) => {
      const named = {
        ...(input.label === undefined ? {} : { label: input.label }),
        ...(input.keys === undefined ? {} : { keys: input.keys }),
        ...(input.locations === undefined ? {} : { locations: input.locations }),
      }
      return addDevice(node, { code: input.code, ...named, signal, onStep: (step) => progress({ step }) })
    },
  ),
  revoke: command(v.strictObject({ device: name }), (node, { device }, { signal, progress }) =>
    revokeDevice(node, { device, signal, onStep: (step) => progress({ step }) }),
  ),
}
