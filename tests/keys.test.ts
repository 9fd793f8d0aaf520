/** Every command about keys as a user runs it: on a folder whose node runs, and on the same folder without it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspectKeyFile } from '@bitdust/crypto'
import { type LocalNetwork, type LocalNode, startLocalNetwork } from '@bitdust/node/network'
import { requirement, type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const PROGRAM = fileURLToPath(import.meta.resolve('@bitdust/node/bin'))
const MIB = 1024 * 1024
/** The program of util-linux that gives another one a terminal. */
const SCRIPT = 'script'

let folder: TemporaryFolder
let network: LocalNetwork
let alice: LocalNode

beforeAll(async () => {
  folder = await temporaryFolder()
  network = await startLocalNetwork({ directory: join(folder.path, 'network'), nodes: { alice: {} } })
  const node = network.nodes.get('alice')
  if (node === undefined) throw new Error('no alice')
  alice = node
})

afterAll(async () => {
  await network?.stop()
  await folder?.[Symbol.asyncDispose]()
})

interface Ran {
  readonly exitCode: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs one command as a process of its own; `input` is its standard input. */
async function bitdust(args: readonly string[], input: string | Uint8Array = ''): Promise<Ran> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--folder', alice.folder])
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
  child.stdin.on('error', () => undefined).end(input)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

/** The result of a command that must succeed. */
async function ask(args: readonly string[], input = ''): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await bitdust([...args, '--json'], input)
  if (exitCode !== 0) throw new Error(`bitdust ${args.join(' ')} ended with ${exitCode}: ${stderr}`)
  return JSON.parse(stdout.toString()) as Record<string, unknown>
}

/** Exit code and error code of a command that must fail. */
async function refusal(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { exitCode, stderr } = await bitdust(args, input)
  return `${exitCode} ${stderr.trim().split('\n').at(-1)?.split(':')[0]}`
}

const bytes = (size: number) =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) % 256))

describe.each([
  { mode: 'with the node running', isRunning: true },
  { mode: 'without a running node', isRunning: false },
])('$mode', ({ isRunning }) => {
  let work: string
  const name = (alias: string) => `${alias}_${isRunning ? 'on' : 'off'}`

  beforeAll(async () => {
    // Leaves the address of the local API behind, as a crash does.
    if (!isRunning) await alice.kill('SIGKILL')
    work = join(folder.path, name('work'))
    await mkdir(work)
  })

  test('create, list, show, delete', async () => {
    const made = await ask(['key', 'create', name('choir'), '--bits', '2048', '--label', 'songs'])
    expect(made).toMatchObject({ alias: name('choir'), mine: true, bits: 2048, label: 'songs' })
    const random = await ask(['key', 'create', '--bits', '2048'])
    expect(random.alias).toMatch(/^key_[0-9a-f]{32}$/)
    const { keys } = (await ask(['key', 'list'])) as { keys: { keyId: string; fingerprint: string }[] }
    expect(keys[0]).toMatchObject({ alias: 'master' })
    expect(keys.map(({ keyId }) => keyId)).toEqual(expect.arrayContaining([made.keyId, random.keyId]))

    const shown = await ask(['key', 'show', name('choir')])
    expect(shown).toMatchObject({ fingerprint: made.fingerprint, use: isRunning ? 'none' : 'unknown' })
    const { stdout } = await bitdust(['key', 'show', String(made.keyId)])
    expect(stdout.toString()).toContain(`words ${shown.words}`)
    expect(stdout.toString()).not.toContain('\u001b')

    // Nobody is there to be asked.
    expect(await refusal(['key', 'delete', name('choir')])).toBe('2 ConfigInvalid')
    const warned = await bitdust(['key', 'delete', name('choir'), '--yes'])
    expect(warned.stderr).toContain(isRunning ? 'is nowhere else' : 'If not, what was encrypted for it')
    expect(warned.exitCode).toBe(0)
    await ask(['key', 'delete', String(random.keyId), '--yes'])
    expect(await refusal(['key', 'show', name('choir')])).toBe('3 NotFound')
    expect(await refusal(['key', 'delete', 'master', '--yes'])).toBe('1 Unauthorized')
  })

  test('several commands at the same time', async () => {
    const made = await Promise.all([1, 2, 3].map((n) => ask(['key', 'create', name(`many_${n}`), '--bits', '2048'])))
    const { keys } = (await ask(['key', 'list'])) as { keys: { keyId: string }[] }
    expect(keys.map(({ keyId }) => keyId)).toEqual(expect.arrayContaining(made.map(({ keyId }) => keyId)))
  })

  test('encrypt and decrypt streams', async () => {
    const plaintext = bytes(3 * MIB + 5)
    await ask(['key', 'create', name('streams'), '--bits', '2048'])
    for (const key of isRunning ? ['master', name('streams')] : [name('streams')]) {
      const encrypted = await bitdust(['key', 'encrypt', key], plaintext)
      expect(encrypted).toMatchObject({ exitCode: 0, stderr: '' })
      expect(encrypted.stdout.length).toBeGreaterThan(plaintext.length)
      const decrypted = await bitdust(['key', 'decrypt'], encrypted.stdout)
      expect(decrypted).toMatchObject({ exitCode: 0, stderr: '' })
      expect(decrypted.stdout.equals(plaintext)).toBe(true)
    }
  })

  if (isRunning)
    test('encrypt and decrypt files: all or nothing, and nothing is replaced unasked', async () => {
      const [plain, sealed, opened] = ['plain', 'sealed', 'opened'].map((file) => join(work, file)) as [
        string,
        string,
        string,
      ]
      await writeFile(plain, bytes(200_000))
      await ask(['key', 'encrypt', 'master', plain, sealed])
      expect((await stat(sealed)).mode & 0o777).toBe(0o600)
      expect(await ask(['key', 'decrypt', sealed, opened])).toEqual({ file: opened, bytes: 200_000 })
      expect((await readFile(opened)).equals(bytes(200_000))).toBe(true)

      expect(await refusal(['key', 'encrypt', 'master', plain, sealed])).toBe('1 TargetExists')
      expect(await refusal(['key', 'decrypt', sealed, opened])).toBe('1 TargetExists')
      await ask(['key', 'decrypt', sealed, opened, '--overwrite'])

      const good = await readFile(sealed)
      const target = join(work, 'target')
      await writeFile(sealed, good.subarray(0, -20))
      expect(await refusal(['key', 'decrypt', sealed, target])).toBe('5 BlockAuthFailed')
      expect(await refusal(['key', 'decrypt', sealed, opened, '--overwrite'])).toBe('5 BlockAuthFailed')
      expect((await readFile(opened)).equals(bytes(200_000))).toBe(true)
      await writeFile(sealed, 'something else')
      expect(await refusal(['key', 'decrypt', sealed, target])).toBe('1 RecordInvalid')
      await writeFile(sealed, good.with(20, good[20]! ^ 1))
      expect(await refusal(['key', 'decrypt', sealed, target])).toBe('1 KeyUnlockFailed')
      expect(await refusal(['key', 'decrypt', join(work, 'missing'), target])).toBe('3 NotFound')
      expect((await readdir(work)).sort()).toEqual(['opened', 'plain', 'sealed'])
    })

  test('export and import, open and under a passphrase', async () => {
    const made = await ask(['key', 'create', name('keep'), '--bits', '2048'])
    const file = join(work, 'keep.key')
    await ask(['key', 'export', name('keep'), file, '--passphrase'], 'correct horse\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).not.toContain('PRIVATE')
    expect(await refusal(['key', 'export', name('keep'), file])).toBe('1 TargetExists')
    expect(await refusal(['key', 'export', name('keep'), '--pem', '--passphrase'], 'x\n')).toBe('2 ConfigInvalid')
    const open = (await bitdust(['key', 'export', name('keep')])).stdout.toString()
    expect(inspectKeyFile(open)).toMatchObject({ keyId: made.keyId, isEncrypted: false })

    await ask(['key', 'delete', name('keep'), '--yes'])
    expect(await refusal(['key', 'import', file], 'wrong\n')).toBe('1 KeyUnlockFailed')
    expect(await ask(['key', 'import', file], 'correct horse\n')).toMatchObject({ fingerprint: made.fingerprint })
    expect(await refusal(['key', 'import', join(work, 'missing')])).toBe('3 NotFound')
  })

  if (isRunning)
    test('print for paper, and type it back', async () => {
      const made = await ask(['key', 'create', name('paper'), '--bits', '2048'])
      const printed = (await bitdust(['key', 'print', name('paper')])).stdout.toString()
      await ask(['key', 'delete', name('paper'), '--yes'])
      const typed = join(work, 'typed.txt')
      const lines = printed.split('\n').filter((line) => /^ ?\d/.test(line))
      await writeFile(typed, lines.join('\n').toLowerCase())
      expect(await ask(['key', 'import', typed])).toMatchObject({ keyId: made.keyId, fingerprint: made.fingerprint })
      await writeFile(
        typed,
        lines
          .with(
            2,
            lines[2]!.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
          )
          .join('\n'),
      )
      expect((await bitdust(['key', 'import', typed])).stderr).toContain(
        'KeyMalformed: the key on paper cannot be read: line 3',
      )
    })

  test('backup', async () => {
    const file = join(work, 'backup.key')
    await ask(['key', 'backup', name('keep'), file], 'a passphrase\n')
    expect(inspectKeyFile(await readFile(file, 'utf8'))).toMatchObject({ isEncrypted: true })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await refusal(['key', 'backup', name('keep'), join(work, 'none.key')])).toBe('2 ConfigInvalid')
    await ask(['key', 'backup', name('keep'), join(work, 'open.key'), '--no-passphrase'])
    expect(inspectKeyFile(await readFile(join(work, 'open.key'), 'utf8'))).toMatchObject({ isEncrypted: false })
  })

  if (!isRunning)
    test('a key file that others may read is refused', async () => {
      const { fingerprint } = await ask(['identity', 'show'])
      const made = await ask(['key', 'create', name('loose'), '--bits', '2048'])
      const file = join(alice.folder, 'keys', `${made.alias}.${fingerprint}.1.key`)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      await chmod(file, 0o644)
      expect(await refusal(['key', 'list'])).toBe('6 InsecureKeyPermissions')
      await chmod(file, 0o600)
      await ask(['key', 'list'])
    })

  if (isRunning)
    test('status reminds until two copies of the master key are written', async () => {
      const reminders = async () =>
        ((await ask(['status'])) as { notices: string[] }).notices.filter((notice) =>
          notice.includes('copies of the master key'),
        )
      expect(await reminders()).toEqual([expect.stringContaining('0 of 2')])
      const file = join(work, 'master.key')
      expect(await ask(['identity', 'backup', file])).toMatchObject({ file, copies: 1 })
      expect(inspectKeyFile(await readFile(file, 'utf8'))).toMatchObject({
        kind: 'private',
        keyId: expect.stringMatching(/^master\$alice@/),
      })
      expect(await refusal(['identity', 'backup', file])).toBe('1 TargetExists')
      expect(await reminders()).toEqual([expect.stringContaining('1 of 2')])
      await ask(['key', 'backup', 'master', join(work, 'second.key')], 'a passphrase\n')
      expect(await reminders()).toEqual([])
      expect(await ask(['identity', 'backup', '--decline'])).toMatchObject({ written: 2, declined: true })
      expect(await refusal(['identity', 'backup'])).toBe('2 ConfigInvalid')
    })
})

test('a reader that goes away ends the work', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'key', 'encrypt', 'master', '--folder', alice.folder])
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  child.stdin.on('error', () => undefined).write(Buffer.alloc(MIB))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stdin.end(Buffer.alloc(4 * MIB))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  expect([exitCode, stderr]).toEqual([130, 'Cancelled: whoever was reading the output went away\n'])
})

test('Ctrl-C while nothing comes ends the work too, and leaves no file', async () => {
  const target = join(folder.path, 'interrupted')
  const child = spawn(process.execPath, [PROGRAM, 'key', 'encrypt', 'master', '-', target, '--folder', alice.folder])
  const names = async () => (await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))
  while ((await names()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  child.kill('SIGINT')
  const [exitCode] = (await once(child, 'close')) as [number | null]
  expect(exitCode).toBe(130)
  expect(await names()).toEqual([])
  expect(await readdir(folder.path)).not.toContain('interrupted')
})

describe('other software', () => {
  const has = (command: string, ...args: string[]) => spawnSync(command, args).error === undefined
  const noOpenSsl = requirement('openssl', has('openssl', 'version'), 'no openssl on the PATH')
  const noSshKeygen = requirement('ssh-keygen', has('ssh-keygen', '-?'), 'no ssh-keygen on the PATH')
  const noScript = requirement(SCRIPT, has(SCRIPT, '--version'), 'no script of util-linux on the PATH')
  const work = () => join(folder.path, 'work_other')
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { cwd: work(), stdio: 'pipe' }).toString()

  beforeAll(() => mkdir(work()))

  test.skipIf(noOpenSsl)('openssl reads what is exported', async () => {
    await ask(['key', 'create', 'for_openssl', '--bits', '2048'])
    await ask(['key', 'export', 'for_openssl', join(work(), 'out.pem'), '--pem'])
    await ask(['key', 'export', 'for_openssl', join(work(), 'out.pub.pem'), '--pem', '--public'])
    expect(run('openssl', ['pkey', '-in', 'out.pem', '-check', '-noout'])).toContain('valid')
    expect(run('openssl', ['pkey', '-in', 'out.pem', '-pubout'])).toBe(
      run('openssl', ['pkey', '-pubin', '-in', 'out.pub.pem']),
    )
  })

  test.skipIf(noOpenSsl)('keys of openssl are imported: PKCS#8, PKCS#1, SPKI, and under a passphrase', async () => {
    run('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'pkcs8.pem'])
    run('openssl', ['rsa', '-in', 'pkcs8.pem', '-traditional', '-out', 'pkcs1.pem'])
    run('openssl', ['pkey', '-in', 'pkcs8.pem', '-pubout', '-out', 'spki.pem'])
    run('openssl', ['pkcs8', '-topk8', '-in', 'pkcs8.pem', '-passout', 'pass:pässé', '-out', 'locked8.pem'])
    run('openssl', [
      'rsa',
      '-in',
      'pkcs8.pem',
      '-traditional',
      '-aes128',
      '-passout',
      'pass:pässé',
      '-out',
      'locked1.pem',
    ])
    const expected = execFileSync(
      'sh',
      ['-c', 'openssl pkey -pubin -in spki.pem -outform DER | openssl dgst -sha256 -r'],
      {
        cwd: work(),
      },
    )
    const fingerprint = expected.toString().slice(0, 64)
    for (const [index, file] of ['pkcs8.pem', 'pkcs1.pem', 'spki.pem', 'locked8.pem', 'locked1.pem'].entries()) {
      const args = ['key', 'import', join(work(), file), '--name', `openssl_${index}`]
      expect(await ask(args, 'pässé\n'), file).toMatchObject({
        fingerprint,
        kind: file === 'spki.pem' ? 'public' : 'private',
      })
    }
    const locked = ['key', 'import', join(work(), 'locked8.pem'), '--name', 'never']
    expect(await refusal(locked, 'wrong\n')).toBe('1 KeyUnlockFailed')
  })

  test.skipIf(noSshKeygen)('ssh-keygen reads what is exported, and its PEM is imported', async () => {
    await ask(['key', 'create', 'for_ssh', '--bits', '2048'])
    await ask(['key', 'export', 'for_ssh', join(work(), 'out.pub'), '--openssh'])
    await ask(['key', 'export', 'for_ssh', join(work(), 'id'), '--pem'])
    expect(run('ssh-keygen', ['-l', '-f', 'out.pub'])).toMatch(/^2048 .*for_ssh\$alice@/)
    const line = run('ssh-keygen', ['-y', '-f', 'id']).split(' ').slice(0, 2).join(' ').trim()
    expect(await readFile(join(work(), 'out.pub'), 'utf8')).toContain(line)

    run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'a passphrase', '-f', 'ssh-pem'])
    const imported = await ask(['key', 'import', join(work(), 'ssh-pem'), '--name', 'ssh_private'], 'a passphrase\n')
    expect(imported).toMatchObject({ kind: 'private', bits: 2048 })
    expect(await ask(['key', 'import', join(work(), 'ssh-pem.pub'), '--name', 'ssh_public'])).toMatchObject({
      kind: 'public',
      fingerprint: imported.fingerprint,
    })
    run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', 'ssh-own'])
    const refused = await bitdust(['key', 'import', join(work(), 'ssh-own'), '--name', 'ssh_own'])
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('ssh-keygen -p -m PEM')
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'ssh-ed'])
    expect(await refusal(['key', 'import', join(work(), 'ssh-ed.pub'), '--name', 'ssh_ed'])).toBe('1 KeyMalformed')
  })

  test.skipIf(noScript)('on a terminal a private key is shown only to who says yes', async () => {
    const command = `'${process.execPath}' '${PROGRAM}' key print for_ssh --folder '${alice.folder}'`
    const onTerminal = async (answer: string) => {
      const child = spawn(SCRIPT, ['-qec', command, '/dev/null'])
      let shown = ''
      child.stdout.on('data', (text: Buffer) => {
        if (!shown.includes('[yes/no]') && `${shown}${text}`.includes('[yes/no]')) child.stdin.write(`${answer}\n`)
        shown += text.toString()
      })
      await once(child, 'close')
      return shown
    }
    expect(await onTerminal('no')).not.toContain('Whoever has these lines')
    expect(await onTerminal('yes')).toContain('Whoever has these lines')
  })
})

test.skipIf(requirement('/proc', process.platform === 'linux', 'memory is read from /proc'))(
  'encrypting takes the same memory however much it is',
  async () => {
    const child = spawn(process.execPath, [PROGRAM, 'key', 'encrypt', 'master', '--folder', alice.folder])
    let came = 0
    child.stdout.on('data', (part: Buffer) => {
      came += part.length
    })
    const peaks: number[] = []
    for (const total of [32, 320]) {
      while (came < total * MIB) {
        if (!child.stdin.write(Buffer.alloc(MIB))) await once(child.stdin, 'drain')
        // Output comes in between.
        await new Promise((resolve) => setImmediate(resolve))
      }
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      peaks.push(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
    }
    child.stdin.end()
    await once(child, 'close')
    const [before = 0, after = 0] = peaks
    expect(before).toBeGreaterThan(10)
    // Garbage that is not collected yet counts too; who kept what came would have grown by 288.
    expect(after - before).toBeLessThan(144)
  },
)
