// The main job of BitDust from end to end, on this machine, with real processes: `npm start -- [FOLDER] [--keep]`.
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize } from '@bitdust/node'
import { describeUse } from './describe-use.mjs'
import { makeInput } from './make-input.mjs'
import { runSteps } from './run.mjs'
import { createScreen, formatTable } from './screen.mjs'
import { StepError } from './step-error.mjs'
import { steps } from './steps/index.mjs'

const USAGE = `npm start -- [FOLDER] [--keep]

Runs a whole BitDust network on this machine and shows what it does: stores FOLDER (by default this repository with its
history and installed packages), loses suppliers, restores, repairs, shares, refuses strangers, survives the loss of an
ID-server and of the customer's own machine. Everything is written to .bitdust-run and removed at the end.

  --keep   leave the network running until Ctrl-C, and tell how to talk to it
  --help   show this
`

const repository = resolve(import.meta.dirname, '../..')
const runs = join(repository, '.bitdust-run')

process.exitCode = await main(readArguments())

/**
 * @param {{ folder: string | undefined, keep: boolean }} options
 * @returns {Promise<number>} Exit code.
 */
async function main({ folder, keep }) {
  const screen = createScreen(process.stdout)
  const run = join(runs, new Date().toISOString().replace(/[:.]/g, '-'))
  const interrupted = interruption()
  try {
    const input = await prepareInput({ folder, run, signal: interrupted.signal, screen })
    return await doJob({ input, run, keep, interrupted, screen })
  } catch (error) {
    reportFailure(screen, error, 'preparing the input')
    await remove(run)
    return 1
  } finally {
    interrupted.ignore()
  }
}

/**
 * @param {object} options
 * @param {import('./make-input.mjs').Input} options.input
 * @param {string} options.run
 * @param {boolean} options.keep
 * @param {ReturnType<typeof interruption>} options.interrupted
 * @param {import('./screen.mjs').Screen} options.screen
 * @returns {Promise<number>} Exit code.
 */
async function doJob({ input, run, keep, interrupted, screen }) {
  /** @type {(() => Promise<void>)[]} */
  const ends = []
  const begin = {
    folder: run,
    input,
    signal: interrupted.signal,
    note: (/** @type {string} */ text) => screen.line(`      ${text}`),
    progress: screen.progress,
    onEnd: (/** @type {() => Promise<void>} */ stop) => void ends.push(stop),
  }
  // The steps add the rest, each what it finds.
  const world = /** @type {import('./world.mjs').World} */ (/** @type {unknown} */ (begin))
  const { rows, failure } = await runSteps(steps, world, screen)
  screen.line(`\n${formatTable(rows)}\n`)
  if (failure !== null) reportFailure(screen, failure.error, failure.step)
  else if (keep) {
    screen.line(describeUse(world))
    await interrupted.happened
  }
  screen.line('stopping all processes of this run')
  for (const end of ends.reverse()) await end().catch((error) => reportFailure(screen, error, 'stopping'))
  if (failure === null) await remove(run)
  else screen.line(`everything is left in ${shown(run)}, logs in ${shown(run)}/network/*/process.log`)
  return failure === null ? 0 : 1
}

/** @param {{ folder: string | undefined, run: string, signal: AbortSignal, screen: import('./screen.mjs').Screen }} options */
async function prepareInput({ folder, run, signal, screen }) {
  screen.line(`copying ${folder ?? 'this repository and its packages'} to ${shown(run)}`)
  await mkdir(run, { recursive: true, mode: 0o700 })
  const input = await makeInput({ repository, folder, target: join(run, 'input'), except: new Set([runs]), signal })
  const { files, bytes, symlinks, executables, emptyFolders } = input
  const kinds = `${executables} executable, ${symlinks} symlinks, ${emptyFolders} empty folders`
  screen.line(`${files} files, ${formatSize(bytes)} (${kinds})\n`)
  return input
}

/** @returns {{ folder: string | undefined, keep: boolean }} */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (values.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    if (positionals.length > 1) throw new TypeError('name one folder, or none')
    // npm changes to the folder of package.json; what the user names is relative to where he was.
    const from = process.env.INIT_CWD ?? process.cwd()
    return { folder: positionals[0] === undefined ? undefined : resolve(from, positionals[0]), keep: values.keep }
  } catch (error) {
    process.stderr.write(`${/** @type {Error} */ (error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

/** Ctrl-C and the like end the run in good order: the steps are told, then everything is stopped. */
function interruption() {
  const controller = new AbortController()
  /** @type {PromiseWithResolvers<void>} */
  const { promise: happened, resolve: happen } = Promise.withResolvers()
  const interrupt = () => {
    controller.abort(new StepError('Cancelled', 'interrupted'))
    happen()
  }
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  for (const name of signals) process.on(name, interrupt)
  return {
    signal: controller.signal,
    happened,
    ignore() {
      for (const name of signals) process.removeListener(name, interrupt)
    },
  }
}

/**
 * @param {import('./screen.mjs').Screen} screen
 * @param {unknown} error
 * @param {string} where
 */
function reportFailure(screen, error, where) {
  const { code = 'Internal', message } = /** @type {Error & { code?: unknown }} */ (error)
  screen.line(`${code}: ${message}\n(${where})`)
}

/** @param {string} path */
function shown(path) {
  return relative(process.cwd(), path) || '.'
}

/** @param {string} run */
async function remove(run) {
  await rm(run, { recursive: true, force: true, maxRetries: 3 })
  // Kept while other runs are in it.
  await rmdir(runs).catch(() => undefined)
}
