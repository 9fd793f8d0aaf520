/** Devices of one identity, each a process of its own: enrolled, used, revoked; and a master key that is not on the disk. */
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readKeyFile, utf8Encode, writeKeyFile } from '@bitdust/crypto'
import {
  type LocalNetwork,
  type LocalNode,
  type NodeProcess,
  prepareFolder,
  runCli,
  startLocalNetwork,
  startNodeProcess,
} from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningCli, runningCli } from './running-cli.ts'
import { openStolenDevice } from './stolen-device.ts'

const NODE = { customer: { suppliers: 2, needed: '32 MiB', replaceAfter: '1 h' } } as const
const SUPPLIER = { ...NODE, supplier: { offer: '256 MiB' } } as const

let folder: TemporaryFolder
let network: LocalNetwork
/** The second device of alice. */
let laptop: { readonly folder: string; process: NodeProcess | null }
const started: NodeProcess[] = []

beforeAll(async () => {
  folder = await temporaryFolder()
  network = await startLocalNetwork({
    directory: join(folder.path, 'network'),
    nodes: { 'supplier-1': SUPPLIER, 'supplier-2': SUPPLIER, alice: NODE, bob: NODE },
  })
  laptop = { folder: join(folder.path, 'laptop'), process: null }
  await prepareFolder(laptop.folder, network.config(NODE))
  for (const name of ['alice', 'bob']) await node(name).cli(['supplier', 'hire'])
})

afterAll(async () => {
  for (const process of started) await process.kill('SIGTERM')
  await network?.stop()
  await folder?.[Symbol.asyncDispose]()
})

function node(name: string): LocalNode {
  const found = network.nodes.get(name)
  if (found === undefined) throw new Error(`no node is called ${name}`)
  return found
}

const onLaptop = (...args: string[]) => runCli(laptop.folder, args)

async function start(name: string, at: string, args: readonly string[] = ['start']): Promise<NodeProcess> {
  const process = await startNodeProcess(name, at, args)
  started.push(process)
  return process
}

let files = 0
async function put(cli: LocalNode['cli'], remote: string, text: string): Promise<void> {
  const local = join(folder.path, `put-${++files}`)
  await writeFile(local, text)
  expect(await cli(['put', local, remote])).toMatchObject({ state: 'complete' })
}

async function get(cli: LocalNode['cli'], remote: string): Promise<string> {
  const local = join(folder.path, `got-${++files}`)
  await cli(['get', remote, local])
  return readFile(local, 'utf8')
}

async function until<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  await expect.poll(() => ask().catch((error: { code?: string }) => error.code), { timeout: 60_000 }).toEqual(wanted)
}

/** Long enough not to stand inside the manifest. */
const DIARY = 'Dear diary. '.repeat(200_000)

describe('an enrolled device', () => {
  let request: RunningCli
  let code: string
  let share: string
  let given: string
  let peerId: string

  test('the owner has files, a share, and a share that was given to her', async () => {
    await put(node('alice').cli, 'diary', DIARY)
    share = ((await node('alice').cli(['share', 'create', '--label', 'photos'])) as { keyId: string }).keyId
    await put(node('alice').cli, `${share}:cat`, 'miaow')
    given = ((await node('bob').cli(['share', 'create'])) as { keyId: string }).keyId
    await put(node('bob').cli, `${given}:hello`, 'from bob')
    await node('bob').cli(['share', 'grant', given, node('alice').idurl])
    await until(() => get(node('alice').cli, `${given}:hello`), 'from bob')
  })

  test('asks with a code', async () => {
    await expect(onLaptop('device', 'request')).rejects.toMatchObject({ code: 'ConfigInvalid' })
    request = runningCli(laptop.folder, ['device', 'request', '--label', 'laptop', '--yes'])
    const waiting = await request.next()
    expect(waiting).toMatchObject({ event: 'waiting', label: 'laptop' })
    code = String(waiting?.code)
    peerId = String(waiting?.peerId)
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/)
  })

  test('goes on with the same code when it is interrupted', async () => {
    request.kill()
    await request.ended
    request = runningCli(laptop.folder, ['device', 'request', '--yes'])
    expect(await request.next()).toMatchObject({ event: 'waiting', code, peerId, label: 'laptop' })
  })

  test('is not added by a wrong code, without somebody to look, or with too many keys', async () => {
    const last = code.endsWith('0') ? '1' : '0'
    const wrong = `${code.slice(0, -1)}${last}`
    await expect(node('alice').cli(['device', 'add', wrong, '--yes'])).rejects.toMatchObject({ code: 'NotFound' })
    await expect(node('alice').cli(['device', 'add', 'hello', '--yes'])).rejects.toMatchObject({
      code: 'RecordInvalid',
    })
    await expect(node('alice').cli(['device', 'add', code])).rejects.toMatchObject({ code: 'ConfigInvalid' })
    for (const [name, expected] of [
      ['master', 'Unauthorized'],
      ['share_nobody', 'NotFound'],
    ] as const)
      await expect(node('alice').cli(['device', 'add', code, '--yes', '--key', name])).rejects.toMatchObject({
        code: expected,
      })
    const many = Array.from({ length: 12 }, () => ['--key', given]).flat()
    await expect(node('alice').cli(['device', 'add', code, '--yes', ...many])).rejects.toMatchObject({
      code: 'LimitExceeded',
    })
    expect(await devices()).toEqual([['first device', 'master', true]])
  })

  test('is added, and both sides show the same words', async () => {
    const added = (await node('alice').cli(['device', 'add', code.toLowerCase(), '--yes', '--key', given])) as {
      words: string
    }
    expect(added).toMatchObject({ label: 'laptop', peerId, keys: [given], locations: ['master', share.split('$')[0]] })
    expect(added.words).toMatch(/^([a-z]+-){5}[a-z]+$/)
    const { idurl } = node('alice')
    expect(await request.next()).toMatchObject({ event: 'answer', idurl, words: added.words, keys: [given] })
    expect(await request.next()).toMatchObject({ event: 'enrolled', idurl, words: added.words, peerId })
    expect(await request.ended).toMatchObject({ code: 0 })
    expect(await devices()).toEqual([
      ['first device', 'master', true],
      ['laptop', 'enrolled', false],
    ])
  })

  test('T55 closes its keys to others, and has no master key', async () => {
    const names = await readdir(join(laptop.folder, 'metadata'))
    expect(names.sort()).toEqual(['device.key', 'encryption.key', 'identity.xml'])
    for (const name of names) expect((await stat(join(laptop.folder, 'metadata', name))).mode & 0o777).toBe(0o600)
    await expectWithoutKey(laptop.folder, await masterKeyOf('alice'))
  })

  test('reads and writes what the owner has', async () => {
    laptop.process = await start('laptop', laptop.folder)
    await until(() => get(onLaptopCli, 'diary'), DIARY)
    await until(() => get(onLaptopCli, `${share}:cat`), 'miaow')
    await put(onLaptopCli, 'from-laptop', 'written on the laptop')
    await put(onLaptopCli, `${share}:dog`, 'wuff')
    await until(() => get(node('alice').cli, 'from-laptop'), 'written on the laptop')
    await until(() => get(node('alice').cli, `${share}:dog`), 'wuff')
  })

  test('uses the key that it was given', async () => {
    await until(() => get(onLaptopCli, `${given}:hello`), 'from bob')
    await put(onLaptopCli, `${given}:answer`, 'from the laptop of alice')
    await until(() => get(node('bob').cli, `${given}:answer`), 'from the laptop of alice')
  })

  test('leaves to the owner what is granted to her while it is there', async () => {
    const { keyId } = (await node('bob').cli(['share', 'create'])) as { keyId: string }
    await node('bob').cli(['share', 'grant', keyId, node('alice').idurl])
    await put(node('bob').cli, `${keyId}:note`, 'for alice')
    await until(() => get(node('alice').cli, `${keyId}:note`), 'for alice')
    await expect(onLaptop('ls', `${keyId}:`)).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('says where the master key is needed', async () => {
    expect(await onLaptop('status')).toMatchObject({ masterKey: 'elsewhere', peerId })
    for (const args of [
      ['identity', 'rotate'],
      ['supplier', 'hire'],
      ['share', 'create'],
      ['share', 'grant', share, node('bob').idurl],
      ['device', 'add', code, '--yes'],
      ['device', 'revoke', 'first device'],
      ['identity', 'backup', join(folder.path, 'backup')],
    ])
      await expect(onLaptop(...args), args.join(' ')).rejects.toMatchObject({
        code: 'Unauthorized',
        message: expect.stringContaining('the master key is not on this device'),
      })
  })

  describe('that is revoked', () => {
    let stolen: string

    test('its secrets open what is stored while it is not revoked, whoever holds them', async () => {
      await laptop.process?.kill('SIGTERM')
      stolen = join(folder.path, 'stolen')
      await cp(laptop.folder, stolen, { recursive: true })
      {
        await using thief = await openStolenDevice(stolen)
        for (const { peer } of thief.customer.family.links())
          expect(await thief.transport.identify(peer)).toMatchObject({ fingerprint: peer.fingerprint })
      }
      laptop.process = await start('laptop', laptop.folder)
      await put(node('alice').cli, 'before', 'put before the revocation')
      await asThief(async (thief) => {
        const item = await thief.customer.get('before')
        expect(new TextDecoder().decode(await item.bytes())).toBe('put before the revocation')
      })
    })

    test('is taken out, and every place it could read has new keys', async () => {
      await expect(node('alice').cli(['device', 'revoke', 'first device'])).rejects.toMatchObject({
        code: 'Unauthorized',
      })
      await expect(node('alice').cli(['device', 'revoke', 'nobody'])).rejects.toMatchObject({ code: 'NotFound' })
      // Without enough suppliers the places keep their keys for now, and the device is out all the same.
      await node('supplier-2').kill()
      await expect(node('alice').cli(['device', 'revoke', 'laptop'])).rejects.toMatchObject({
        code: 'Timeout',
        message: expect.stringContaining(peerId),
      })
      expect(await devices()).toEqual([['first device', 'master', true]])
      await node('supplier-2').start()
      await until(() => suppliersConnected('alice'), 2)

      const revoked = await node('alice').cli(['device', 'revoke', peerId])
      expect(revoked).toMatchObject({ peerId, waiting: [], keys: [given] })
      expect((revoked as { renewed: unknown }).renewed).toEqual([
        { alias: 'master', unreached: [] },
        { alias: share.split('$')[0], unreached: [] },
      ])
      expect(await devices()).toEqual([['first device', 'master', true]])
      await expect(node('alice').cli(['device', 'revoke', peerId])).rejects.toMatchObject({ code: 'NotFound' })
    })

    test('stops and says why, then and at every start', async () => {
      await expect.poll(() => laptop.process?.running, { timeout: 30_000 }).toBe(false)
      expect(await readFile(join(laptop.folder, 'process.log'), 'utf8')).toContain('this device was revoked')
      await expect(start('laptop', laptop.folder)).rejects.toThrow(/Unauthorized.*this device was revoked/)
      await expect(onLaptop('device', 'request', '--yes')).rejects.toMatchObject({ code: 'AlreadyInitialized' })
    })

    test('leaves what it wrote readable', async () => {
      expect(await get(node('alice').cli, 'from-laptop')).toBe('written on the laptop')
      expect(await get(node('alice').cli, `${share}:dog`)).toBe('wuff')
      expect(await get(node('bob').cli, `${given}:answer`)).toBe('from the laptop of alice')
    })

    test('is refused by suppliers, although it shows the identity that named it', async () => {
      await using thief = await openStolenDevice(stolen)
      for (const link of thief.customer.family.links())
        await expect(thief.transport.identify(link.peer)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(thief.customer.family.links()).toHaveLength(2)
    })

    test('its secrets do not open what is stored from now on, even when suppliers help', async () => {
      await put(node('alice').cli, 'after', 'put after the revocation')
      await put(node('alice').cli, `${share}:after`, 'put after the revocation')
      await asThief(async (thief) => {
        const item = await thief.customer.get('before')
        expect(new TextDecoder().decode(await item.bytes())).toBe('put before the revocation')
        const signal = AbortSignal.timeout(60_000)
        const master = await thief.customer.locations.master({ signal })
        await expect(thief.customer.get('after')).rejects.toMatchObject({ code: 'NotFound' })
        await expect(thief.customer.locations.refresh(master, { signal })).rejects.toMatchObject({ code: 'KeyRevoked' })
        await expect(thief.customer.get('after')).rejects.toHaveProperty('code')
      })
      expect(await get(node('alice').cli, 'after')).toBe('put after the revocation')
    })

    /** The thief comes with the owner's own device, to which suppliers refuse nothing. She is away meanwhile. */
    async function asThief(work: (thief: Awaited<ReturnType<typeof openStolenDevice>>) => Promise<void>) {
      await node('alice').kill()
      {
        await using thief = await openStolenDevice(stolen, node('alice').folder)
        await work(thief)
      }
      await node('alice').start()
    }
  })

  const onLaptopCli: LocalNode['cli'] = (args) => runCli(laptop.folder, args)

  async function suppliersConnected(name: string): Promise<number> {
    const { suppliers } = (await node(name).cli(['status'])) as { suppliers: { state: string }[] }
    return suppliers.filter(({ state }) => state === 'connected').length
  }

  async function devices() {
    const { devices: all } = (await node('alice').cli(['device', 'list'])) as {
      devices: { label: string; kind: string; isThis: boolean }[]
    }
    return all.map(({ label, kind, isThis }) => [label, kind, isThis])
  }
})

describe('a master key on a removable medium', () => {
  let key: Awaited<ReturnType<typeof masterKeyOf>>
  let medium: string

  test('is moved there, and is nowhere else', async () => {
    key = await masterKeyOf('bob')
    medium = join(folder.path, 'medium.key')
    await expect(node('bob').cli(['identity', 'move-master', medium])).rejects.toMatchObject({ code: 'FolderInUse' })
    await node('bob').kill()
    await expect(expectWithoutKey(node('bob').folder, key)).rejects.toThrow()
    expect(await node('bob').cli(['identity', 'move-master', medium])).toEqual({ file: medium })
    expect((await stat(medium)).mode & 0o777).toBe(0o600)
    await expectWithoutKey(node('bob').folder, key)
    expect(await node('bob').cli(['identity', 'show'])).toMatchObject({ idurl: node('bob').idurl })
  })

  test('without it, or with another one, the node does not start and changes nothing', async () => {
    const wrong = join(folder.path, 'wrong.key')
    await writeFile(wrong, testKeys[2048][0], { mode: 0o600 })
    for (const [args, words] of [
      [['start'], 'is not in the folder'],
      [['start', '--master-key', wrong], 'this is not the master key'],
      [['start', '--master-key', join(folder.path, 'no.key')], 'NotFound'],
    ] as const) {
      const before = await snapshot(node('bob').folder)
      const { code, error } = await runningCli(node('bob').folder, args).ended
      expect([code === 0, error]).toEqual([false, expect.stringContaining(words)])
      expect(await snapshot(node('bob').folder)).toEqual(before)
    }
  })

  test('the node works with it, given as a file', async () => {
    const process = await start('bob', node('bob').folder, ['start', '--master-key', medium])
    expect(await node('bob').cli(['status'])).toMatchObject({ masterKey: 'given' })
    await put(node('bob').cli, 'notes', 'with the key in memory')
    const { keyId } = (await node('bob').cli(['share', 'create'])) as { keyId: string }
    await put(node('bob').cli, `${keyId}:file`, 'in a new share')
    expect(await get(node('bob').cli, `${keyId}:file`)).toBe('in a new share')
    await process.kill('SIGTERM')
    await expectWithoutKey(node('bob').folder, key)
  })

  test('the node works with it, given on standard input and in the background', async () => {
    const program = runningCli(node('bob').folder, ['start', '--master-key', '-'], await readFile(medium, 'utf8'))
    expect(await program.next()).toMatchObject({ event: 'ready' })
    expect(await get(node('bob').cli, 'notes')).toBe('with the key in memory')
    program.kill()
    expect(await program.ended).toMatchObject({ code: 0 })

    await node('bob').cli(['start', '--detach', '--master-key', medium])
    expect(await node('bob').cli(['status'])).toMatchObject({ masterKey: 'given' })
    await node('bob').cli(['stop'])
    await expectWithoutKey(node('bob').folder, key)
  })

  test('one that is protected by a passphrase is unlocked by it alone', async () => {
    const locked = join(folder.path, 'locked.key')
    const file = await readKeyFile(await readFile(medium, 'utf8'))
    if (file.kind !== 'private') throw new Error('a private key was moved')
    await writeFile(locked, await writeKeyFile(file, { passphrase: 'correct horse' }), { mode: 0o600 })
    const refused = await runningCli(node('bob').folder, ['start', '--master-key', locked], 'wrong horse\n').ended
    expect(refused).toEqual({ code: 1, error: expect.stringContaining('KeyUnlockFailed') })
    const program = runningCli(node('bob').folder, ['start', '--master-key', locked], 'correct horse\n')
    expect(await program.next()).toMatchObject({ event: 'ready' })
    program.kill()
    await program.ended
  })
})

/** The master key in a node's folder, in the forms in which it must not be found elsewhere. */
async function masterKeyOf(name: string): Promise<readonly Uint8Array[]> {
  const text = await readFile(join(node(name).folder, 'metadata', 'master.key'), 'utf8')
  const file = await readKeyFile(text)
  if (file.kind !== 'private') throw new Error('a master key is private')
  const pkcs8 = await file.key.exportPkcs8()
  const pem = await file.key.toPem('pkcs8')
  // A line in the middle, which lies within the private numbers, and the same as bytes.
  const lines = pem.split('\n')
  const line = lines[Math.floor(lines.length / 2)] ?? ''
  return [utf8Encode(line), pkcs8.subarray(pkcs8.length / 2, pkcs8.length / 2 + 32)]
}

async function expectWithoutKey(root: string, parts: readonly Uint8Array[]): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name))
    for (const part of parts) expect(bytes.includes(Buffer.from(part)), join(entry.parentPath, entry.name)).toBe(false)
  }
}

/** What lies in a folder, logs aside. */
async function snapshot(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && !/^(process\.log|lock\.sqlite.*)$/.test(entry.name))
      found[join(entry.parentPath, entry.name)] = (await readFile(join(entry.parentPath, entry.name))).toString(
        'base64',
      )
  return found
}
