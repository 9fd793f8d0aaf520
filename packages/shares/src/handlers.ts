import type { Fingerprint } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { locationIdOf } from '@bitdust/records'
import type { Acceptances } from './acceptance/acceptances.ts'
import { proveKey } from './audit/prove-key.ts'
import { ShareError } from './errors.ts'
import type { ReceivedFiles } from './events.ts'
import { translated } from './failure.ts'
import { createRateLimit } from './guard/rate-limit.ts'
import { createUsedNonces } from './guard/used-nonces.ts'
import type { PacketHandler, PacketRouter, ShareKeys, ShareLocations, ShareSelf } from './ports.ts'
import { ACK, COMMANDS } from './protocol/commands.ts'
import {
  decodePayload,
  type FilesRequest,
  filesReply,
  filesRequest,
  keyRequest,
  proveKeyRequest,
} from './protocol/messages.ts'

/** What answering packets needs. */
export interface HandlersOptions {
  readonly self: ShareSelf
  readonly keyRing: ShareKeys
  readonly locations: ShareLocations
  readonly acceptances: Acceptances
  readonly clock: Clock
  /** Whether anything is answered now. */
  readonly isRunning: () => boolean
  /** Told each list of files from the owner of a share of which we hold the key. */
  readonly onFiles: (list: ReceivedFiles) => void
}

/** Registers what answers the packets of owners and fellow members. */
export function attachHandlers(router: PacketRouter, options: HandlersOptions): void {
  const { self, keyRing, locations, acceptances, clock } = options
  const nonces = createUsedNonces()

  function handle(command: string, answer: (caller: Caller, payload: Uint8Array) => Promise<Uint8Array>): void {
    const rate = createRateLimit(clock)
    const handler: PacketHandler = (caller, { payload }) =>
      translated(command, async () => {
        if (!options.isRunning()) throw new ShareError('Busy', 'shares are not running')
        rate.take(caller.fingerprint)
        return { command: ACK, payload: await answer(caller, payload) }
      })
    router.handle(command, handler, { maxBodyBytes: 0 })
  }

  async function takeFiles(owner: Fingerprint, { alias, files, complete }: FilesRequest): Promise<boolean> {
    const key = await keyRing.get({ alias, creator: owner })
    if (key === null) throw new ShareError('Unauthorized', 'there is no such share of yours here')
    const location = locationIdOf(owner, alias)
    // Waited for, so that whoever is told of the files can read them.
    const opened = await acceptances.isOpen(location)
    options.onFiles({ keyId: key.keyId, location, files, complete })
    return opened
  }

  handle(COMMANDS.proveKey, (caller, payload) =>
    proveKey({ self, keyRing, locations, clock, nonces }, caller, decodePayload(proveKeyRequest, payload)),
  )
  handle(COMMANDS.key, async (caller, payload) => {
    await acceptances.accept(decodePayload(keyRequest, payload), caller)
    return new Uint8Array()
  })
  handle(COMMANDS.files, async (caller, payload) => {
    const opened = await takeFiles(caller.fingerprint, decodePayload(filesRequest, payload))
    return filesReply.encode({ opened })
  })
}
