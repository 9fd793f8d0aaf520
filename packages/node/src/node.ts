import type { DeviceKey, Fingerprint, RsaPrivateKey } from '@bitdust/crypto'
import type { Customer, StageObserver } from '@bitdust/customer'
import type { Dht } from '@bitdust/dht'
import type { Idurl, KeyRing, Resolver, SourceReport } from '@bitdust/identity'
import { createRunner, systemClock, type Transition } from '@bitdust/machine'
import type { Shares } from '@bitdust/shares'
import type { CustomerSummary, Supplier } from '@bitdust/supplier'
import type { Transport } from '@bitdust/transport'
import type { KeyValueStore } from '@bitdust/upkeep'
import {
  type Config,
  completeConfig,
  mergeConfig,
  type PartialConfig,
  readConfig,
  setSetting,
  writeConfig,
} from './config.ts'
import { NodeError } from './errors.ts'
import { type DataFolder, type FolderPaths, folderPaths, openFolder } from './folder.ts'
import { type NodeContext, type NodeEffect, type NodeEvent, type NodeState, nodeTable } from './machine.ts'
import { masterKeyNeeded } from './metadata.ts'
import { putFolder } from './transfers/put-folder.ts'
import { createTransfers, type Transfers } from './transfers/transfers.ts'
import { parseSize } from './units.ts'
import { readUser } from './user-name.ts'
import { anyDevice, primaryOf } from './wiring/devices.ts'
import { type NodeLogger, silentNodeLogger } from './wiring/logger.ts'
import { createMachineBoard, type MachineState } from './wiring/machine-board.ts'
import type { OwnIdentity } from './wiring/own-identity.ts'
import type { OwnNickname } from './wiring/own-nickname.ts'
import { type Parts, wireParts } from './wiring/parts.ts'

/** What a node can be to others. */
export type NodeRole = 'customer' | 'supplier'

export interface NodeOptions {
  /** Data folder, made by `initNode` or `restoreNode`. */
  readonly directory: string
  /** The master key of a folder that does not hold it. It stays in memory. */
  readonly masterKey?: RsaPrivateKey
  /** Roles to play; what is not named is off. @default those of `config.json` */
  readonly roles?: readonly NodeRole[]
  /** Settings that go before those of `config.json`, for this run alone. */
  readonly config?: PartialConfig
  /** @default nothing is logged */
  readonly logger?: NodeLogger
  /** Steps of machines that ran before this node in the same process, to be listed with its own. @default none */
  readonly transitions?: readonly Transition[]
  /** Told how long the steps of storing take, for whoever looks where the time goes. @default nobody looks */
  readonly onStage?: StageObserver
}

/** What a node tells about itself. */
export interface NodeStatus {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  readonly peerId: string
  /** Where the master key is: in the folder, given for this run, or (an enrolled device) elsewhere. */
  readonly masterKey: 'folder' | 'given' | 'elsewhere'
  /** What the user should know: roles that are off although he wants them. */
  readonly notices: readonly string[]
  readonly revision: number
  /** Where the identity is published, the primary one first. */
  readonly sources: readonly Idurl[]
  /** How each of them stood when it was looked at last. */
  readonly sourceStates: readonly SourceReport[]
  /** Multiaddrs listened on. */
  readonly addresses: readonly string[]
  readonly dhtPeers: number
  readonly suppliers: readonly { readonly position: number; readonly idurl: Idurl; readonly state: string }[]
  readonly customers: number
  /** Bytes. */
  readonly lent: { readonly offered: number; readonly granted: number; readonly used: number }
}

/** Who answered a ping. */
export interface PingAnswer {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  /** From the question to the proof of identity. */
  readonly ms: number
}

/** A BitDust node in this process. */
export interface BitdustNode {
  readonly paths: FolderPaths
  readonly config: Config
  /** Opens the data folder, enters the network and takes up its roles. Idempotent. @throws What keeps it from that. */
  start(): Promise<void>
  /** Ends everything, in at most some seconds, and releases the folder. Idempotent; never rejects. */
  stop(): Promise<void>
  /** Resolves when the node has ended. */
  readonly stopped: Promise<void>
  /** Why it ended by itself: it could not start, or its device was revoked. Undefined otherwise. */
  readonly failure: unknown
  [Symbol.asyncDispose](): Promise<void>
  /** The parts below exist while the node runs. @throws {NodeError} `NotRunning` otherwise. */
  readonly identity: OwnIdentity
  readonly resolver: Resolver
  readonly keys: KeyRing
  readonly transport: Transport
  readonly dht: Dht
  /** The catalog's store, for what the node remembers beside it. */
  readonly store: KeyValueStore
  readonly deviceKey: DeviceKey
  /**
   * The master key. It never leaves this machine unless the user writes a backup.
   *
   * @param doing - What it is needed for, `enrol devices`.
   * @throws {NodeError} `Unauthorized` on an enrolled device.
   */
  requireMasterKey(doing: string): RsaPrivateKey
  /** @throws {NodeError} `Unauthorized` on an enrolled device. */
  requireNickname(): OwnNickname
  /** @throws {NodeError} `RoleOff` when the node is no customer. */
  requireCustomer(): Customer
  /** @throws {NodeError} `RoleOff` when the node is no customer: shares lie at its suppliers. */
  requireShares(): Shares
  /** @throws {NodeError} `RoleOff` when the node is no supplier. */
  requireSupplier(): Supplier
  /** Puts under way. @throws {NodeError} `NotRunning`. */
  readonly transfers: Transfers
  customers(): readonly CustomerSummary[]
  /** Lends this many bytes in all; kept in `config.json` and in force after the next start. */
  offer(bytes: number): Promise<void>
  status(): NodeStatus
  /** State machines that took a step since the start, with their present states. */
  machines(): readonly MachineState[]
  /** Reaches somebody and checks who he is. `user` is an IDURL or `user@host`. */
  ping(user: string, options: { readonly signal: AbortSignal }): Promise<PingAnswer>
}

/** Creates a node over a data folder. Nothing happens before `start()`. */
export async function createNode({
  directory,
  masterKey,
  roles,
  config: change,
  logger = silentNodeLogger,
  transitions = [],
  onStage,
}: NodeOptions): Promise<BitdustNode> {
  const paths = folderPaths(directory)
  const named =
    roles === undefined ? {} : { roles: { customer: roles.includes('customer'), supplier: roles.includes('supplier') } }
  const config = completeConfig(mergeConfig(mergeConfig(await readConfig(paths.config), change ?? {}), named))
  const board = createMachineBoard(({ machine, from, to, event }) =>
    logger.debug('transition', { machine, from, to, event }),
  )
  for (const transition of transitions) board.observe(transition)
  let folder: DataFolder | undefined
  let parts: Parts | undefined
  let transfers: Transfers | undefined

  const runner = createRunner<NodeState, NodeContext, NodeEvent, NodeEffect>({
    name: 'node',
    table: nodeTable,
    initial: { state: 'idle', context: { error: undefined } },
    clock: systemClock,
    onTransition: board.observe,
    async perform(effect, raise) {
      try {
        if (effect === 'open-stores') {
          folder = await openFolder(directory)
          const given = masterKey === undefined ? {} : { masterKey }
          const onRevoked = (error: unknown) => raise({ type: 'broke', error })
          const looking = onStage === undefined ? {} : { onStage }
          parts = await wireParts({ config, paths, logger, observe: board.observe, onRevoked, ...given, ...looking })
          transfers = wireTransfers(parts)
          raise({ type: 'opened' })
        } else if (effect === 'connect') {
          await parts?.start()
          await transfers?.start()
          raise({ type: 'connected' })
        } else {
          await transfers?.stop()
          await parts?.stop()
          transfers = undefined
          parts = undefined
          folder?.release()
          raise({ type: 'ended' })
        }
      } catch (error) {
        raise(effect === 'end' ? { type: 'ended' } : { type: 'broke', error })
        if (effect === 'end') logger.warn('the node did not end cleanly', { error })
      }
    },
  })
  const stopped = runner.settled('stopped', 'failed').then(() => undefined)

  function requireParts(): Parts {
    if (parts === undefined) throw new NodeError('NotRunning', `the node on ${paths.root} is not running`)
    return parts
  }

  /** Puts go on as soon as a supplier is back. */
  function wireTransfers({ store, customer }: Parts): Transfers {
    const put: Parameters<typeof createTransfers>[0]['put'] = (wanted, call) => putFolder(node, wanted, call)
    const wired = createTransfers({ store, clock: systemClock, logger, put })
    customer?.family.events.addEventListener('link', ({ value }) => {
      if (value.state === 'connected') wired.wake()
    })
    return wired
  }

  async function stop(): Promise<void> {
    runner.send({ type: 'stop' })
    await stopped
  }

  const node: BitdustNode = {
    paths,
    config,
    stopped,
    get failure() {
      return runner.snapshot.context.error
    },
    stop,
    [Symbol.asyncDispose]: stop,
    async start() {
      runner.send({ type: 'start' })
      const { state, context } = await runner.settled('running', 'failed', 'stopped')
      if (state === 'failed') throw context.error
      if (state === 'stopped') throw new NodeError('Cancelled', 'the node was stopped; create another one')
    },
    get identity() {
      return requireParts().identity
    },
    get resolver() {
      return requireParts().resolver
    },
    get keys() {
      return requireParts().keys
    },
    get transport() {
      return requireParts().transport
    },
    get dht() {
      return requireParts().dht
    },
    get store() {
      return requireParts().store
    },
    get deviceKey() {
      return requireParts().deviceKey
    },
    requireMasterKey(doing) {
      const { masterKey: held } = requireParts()
      if (held === null) throw masterKeyNeeded(doing)
      return held
    },
    requireNickname() {
      const { nickname } = requireParts()
      if (nickname === null) throw masterKeyNeeded('the nickname is kept')
      return nickname
    },
    requireCustomer() {
      const { customer } = requireParts()
      if (customer === null) throw roleOff('customer')
      return customer
    },
    requireShares() {
      const { shares } = requireParts()
      if (shares === null) throw roleOff('customer')
      return shares
    },
    requireSupplier() {
      const { supplier } = requireParts()
      if (supplier === null) throw roleOff('supplier')
      return supplier
    },
    get transfers() {
      requireParts()
      if (transfers === undefined) throw new NodeError('NotRunning', `the node on ${paths.root} is not running`)
      return transfers
    },
    customers: () => requireParts().supplier?.customers() ?? [],
    async offer(bytes) {
      await writeConfig(
        paths.config,
        setSetting(await readConfig(paths.config), 'supplier.offer', JSON.stringify(String(bytes))),
      )
    },
    status() {
      const { identity, carrier, dht, customer, supplier, notices, masterKey: held } = requireParts()
      const customers = supplier?.customers() ?? []
      return {
        idurl: identity.idurl(),
        fingerprint: identity.fingerprint,
        peerId: carrier.peerId,
        masterKey: held === null ? 'elsewhere' : masterKey === undefined ? 'folder' : 'given',
        notices: notices(),
        revision: identity.document().revision,
        sources: identity.document().sources,
        sourceStates: identity.sources(),
        addresses: carrier.addresses(),
        dhtPeers: dht.size,
        suppliers:
          customer?.family.links().map(({ position, peer, state }) => ({ position, idurl: peer.idurl, state })) ?? [],
        customers: customers.length,
        lent: {
          offered: supplier === null ? 0 : parseSize(config.supplier.offer),
          granted: customers.reduce((sum, { usage }) => sum + usage.granted, 0),
          used: customers.reduce((sum, { usage }) => sum + usage.used, 0),
        },
      }
    },
    machines: () => board.list(),
    async ping(user, { signal }) {
      const { resolver, transport } = requireParts()
      const began = performance.now()
      const document = await resolver.resolve(readUser(user, config), { signal, fresh: true })
      const { fingerprint } = await anyDevice(document, (peer) => transport.identify(peer, { signal }))
      return { idurl: primaryOf(document), fingerprint, ms: Math.round(performance.now() - began) }
    },
  }
  return node

  function roleOff(role: NodeRole): NodeError {
    return new NodeError('RoleOff', `this node is no ${role}; switch it on with: bitdust config set roles.${role} true`)
  }
}
