import type { Command } from 'commander'
import type { AddedDevice } from '../enrolment/add-device.ts'
import type { OwnDevice } from '../enrolment/devices.ts'
import type { RevokedDevice } from '../enrolment/revoke-device.ts'
import { NodeError } from '../errors.ts'
import { confirm, requireTerminal } from './ask.ts'
import { action } from './command-line.ts'
import { safeText, table } from './output.ts'

interface Found {
  readonly words: string
  readonly peerId: string
  readonly label: string
  readonly expires: number
}

/** `device …`. */
export function addDeviceCommands(program: Command): void {
  const device = program.command('device').description('the machines that act for your identity')
  action(device.command('list').description('your devices'), async ({ call, output }) => {
    output.result((await call('device/list')) as { devices: OwnDevice[] }, ({ devices }) =>
      table(
        ['DEVICE', 'PEER ID', 'KIND', 'SINCE', 'UNTIL'],
        devices.map(({ label, peerId, kind, created, expires, isThis }) => [
          isThis ? `${label} (this one)` : label,
          peerId,
          kind,
          dayOf(created),
          dayOf(expires),
        ]),
      ),
    )
  })

  const request = device
    .command('request')
    .description('on a new machine, in an empty folder: ask to become a device of your identity')
    .option('--label <text>', 'name of the device, which everybody can read')
    .option('--yes', 'do not ask whether the words are the same', false)
  action(request, async ({ folder, output, signal }) => {
    const { label, yes } = request.opts<{ label?: string; yes: boolean }>()
    if (!yes) requireTerminal()
    const { requestDevice } = await import('../enrolment/request-device.ts')
    const enrolled = await requestDevice({
      directory: folder,
      signal,
      ...(label === undefined ? {} : { label }),
      onWaiting({ code, ...rest }) {
        output.result({ event: 'waiting', code, ...rest }, () => code)
        output.note(`Where your master key is, run: bitdust device add ${code}\nWaiting for the answer; Ctrl-C ends.`)
      },
      async confirm(offer) {
        output.result({ event: 'answer', ...offer }, ({ idurl, words, keys }) =>
          [
            `${safeText(idurl)} answered`,
            ...keys.map((keyId) => `with the key ${safeText(keyId)}`),
            `words: ${words}`,
          ].join('\n'),
        )
        return yes || confirm('Does the other device show the same words?', signal)
      },
    })
    output.result(
      { event: 'enrolled', ...enrolled },
      ({ idurl }) => `this is a device of ${safeText(idurl)} now; start it with: bitdust start --folder ${folder}`,
    )
  })

  const add = device
    .command('add <code>')
    .description('where the master key is: make the machine that shows CODE one of your devices')
    .option('--label <text>', 'another name for the device')
    .option('--key <keyId>', 'a key that it gets, such as that of a share you were given (repeatable)', collect, [])
    .option('--location <keyId>', 'a share of yours, or master, in place of all of them (repeatable)', collect, [])
    .option('--yes', 'do not ask whether the words are the same', false)
  action(add, async ({ call, output, signal }, code: string) => {
    const { label, key, location, yes } = add.opts<{
      label?: string
      key: string[]
      location: string[]
      yes: boolean
    }>()
    if (!yes) requireTerminal()
    const found = (await call('device/find', { code })) as Found
    if (!yes) {
      // The code proves that this is the machine which shows it. The words prove to that machine that we are who it
      // wants; it shows them, and asks, when it has the answer.
      output.note(
        `It calls itself ${safeText(found.label)}, peer id ${found.peerId}\nIt will show these words: ${found.words}\nIf it shows others, say no there, and revoke it here.`,
      )
      if (!(await confirm('Make it one of your devices?', signal)))
        throw new NodeError('Cancelled', 'nothing was changed')
    }
    const input = {
      code,
      keys: key,
      ...(label === undefined ? {} : { label }),
      ...(location.length === 0 ? {} : { locations: location }),
    }
    output.result((await call('device/add', input)) as AddedDevice, showAdded)
  })

  action(
    device.command('revoke <device>').description('take a device, named by label or peer id, out of your identity'),
    async ({ call, output }, name: string) => {
      const revoked = (await call('device/revoke', { device: name })) as RevokedDevice
      output.result(revoked, showRevoked)
      if (revoked.waiting.length > 0)
        throw new NodeError(
          'Timeout',
          `it is out of your identity, but not all places have new keys yet; repeat with: bitdust device revoke ${revoked.peerId}`,
          { retryable: true },
        )
    },
  )
}

function showAdded({ label, peerId, words, locations, keys }: AddedDevice): string {
  return [
    `${safeText(label)} is one of your devices now (${peerId})`,
    `words: ${words}`,
    locations.length === 0 ? 'it was given no places' : `it reads and writes ${locations.map(safeText).join(', ')}`,
    ...keys.map((keyId) => `it has the key ${safeText(keyId)}`),
    'the master key stays here: hiring, grants, contracts and revoking are done where it is',
  ].join('\n')
}

function showRevoked({ peerId, label, hadMasterKey, revision, renewed, waiting, keys }: RevokedDevice): string {
  return [
    `${safeText(label ?? peerId)} is not one of your devices any more (revision ${revision} of your identity)`,
    ...renewed.flatMap(({ alias, unreached }) => [
      `${safeText(alias)} has new keys: what is stored from now on cannot be read with the old ones`,
      ...unreached.map((member) => `  ${member} was not found: give him ${safeText(alias)} again`),
    ]),
    ...waiting.map(
      ({ alias, code, message }) => `${safeText(alias)} still has the old keys: ${code}: ${safeText(message)}`,
    ),
    'it may keep what it read before; what it wrote stays readable',
    ...keys.map((keyId) => `it keeps the key ${safeText(keyId)}: whoever made that key can renew the share`),
    ...(hadMasterKey
      ? [
          'it had the master key: if somebody else has the machine now, nothing protects what you store under this identity',
        ]
      : []),
  ].join('\n')
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}
