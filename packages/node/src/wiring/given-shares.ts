import { isBitdustError, parseFingerprint, utf8Encode } from '@bitdust/crypto'
import type { Customer } from '@bitdust/customer'
import type { KeyRing } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { NodeLogger } from './logger.ts'

const PREFIX = 'node/given-key/'
/** Pause after the first failure, in ms; it doubles up to {@link LONGEST_PAUSE_MS}. */
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 300_000

/** A key of somebody else that came with the enrolment of this device. */
export type GivenKey = Parameters<KeyRing['get']>[0]

/** Notes keys whose shares the node has to open at its next start. */
export async function noteGivenKeys(store: KeyValueStore, keys: readonly GivenKey[]): Promise<void> {
  const value = utf8Encode('1')
  await store.batch(keys.map(({ creator, alias }) => ({ put: `${PREFIX}${creator}/${alias}`, value })))
}

export interface OpenGivenSharesOptions {
  readonly customer: Customer
  readonly keys: KeyRing
  readonly store: KeyValueStore
  readonly logger: NodeLogger
  readonly signal: AbortSignal
}

/** Opens the shares to which keys were noted, trying again until their suppliers answer. */
export async function openGivenShares({
  customer,
  keys,
  store,
  logger,
  signal,
}: OpenGivenSharesOptions): Promise<void> {
  async function open({ alias, creator }: GivenKey): Promise<void> {
    const held = await keys.get({ alias, creator })
    if (held === null || held.privateKey === null) return
    const { privateKey: key, generation, label } = held
    const named = label === undefined ? {} : { label }
    await customer.locations.adopt({ owner: creator, alias, key, generation, ...named, signal })
  }

  async function openUntilDone(name: string): Promise<void> {
    const [creator = '', alias = ''] = name.slice(PREFIX.length).split('/')
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await open({ alias, creator: parseFingerprint(creator) })
        break
      } catch (error) {
        signal.throwIfAborted()
        const isPassing = isBitdustError(error) && error.retryable
        logger[isPassing ? 'debug' : 'warn']('a share given to this device is not open', { alias, error })
        // The key stays on the ring: it may be meant for other things than a share.
        if (!isPassing) break
        await systemClock.sleep(pause, signal)
      }
    }
    await store.batch([{ delete: name }])
  }

  const names: string[] = []
  for await (const [name] of store.list({ prefix: PREFIX })) names.push(name)
  await Promise.all(names.map(openUntilDone))
}
