// Fuzzes parsers for long: `npm run fuzz -- [--seconds N] [--only NAME] [--seed N]`. Every package that has a file
// test/fuzz-targets.ts takes part. What is found stands in the output, ready for the package's corpus.
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from '@bitdust/testing'

const RUNS_AT_A_TIME = 500

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const root = join(import.meta.dirname, '..')
const seconds = Number(values.seconds)
const firstSeed = Number(values.seed)
if (!(seconds > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error('usage: npm run fuzz -- [--seconds N] [--only NAME] [--seed N]')
  process.exit(2)
}

const targets = []
for (const file of globSync('packages/*/test/fuzz-targets.ts', { cwd: root }).sort()) {
  const [, name] = file.split('/')
  for (const target of (await import(join(root, file))).targets) {
    const fullName = `${name}/${target.name}`
    if (values.only === undefined || fullName.includes(values.only)) targets.push({ fullName, target })
  }
}
if (targets.length === 0) {
  console.error(`no parser is called ${values.only}`)
  process.exit(2)
}

console.log(`${targets.length} parsers, ${seconds} s in all, seed ${firstSeed}`)
console.log('parser                          executions   per s   accepted   peak MiB')
let failures = 0
for (const { fullName, target } of targets)
  failures += (await runFor((seconds * 1000) / targets.length, fullName, target)) ? 0 : 1
console.log(failures === 0 ? 'nothing found' : `${failures} parsers failed`)
process.exitCode = failures === 0 ? 0 : 1

/** True when nothing was found. */
async function runFor(ms, name, target) {
  const start = performance.now()
  let executions = 0
  let accepted = 0
  let seed = firstSeed
  let failure = null
  do {
    const report = await fuzz(target, { runs: RUNS_AT_A_TIME, seed })
    executions += report.executions
    accepted += report.accepted
    failure = report.failure
    seed += 1
  } while (failure === null && performance.now() - start < ms)
  const perSecond = executions / ((performance.now() - start) / 1000)
  const peakMiB = process.resourceUsage().maxRSS / 1024
  const columns = [
    executions,
    Math.round(perSecond),
    `${Math.round((100 * accepted) / executions)} %`,
    Math.round(peakMiB),
  ]
  console.log(name.padEnd(30), ...columns.map((column, index) => String(column).padStart([12, 8, 10, 10][index])))
  if (failure !== null) console.error(`${name}, seed ${seed - 1}: ${failure.rule}\n  input: ${shown(failure.input)}`)
  return failure === null
}

function shown(input) {
  return typeof input === 'string' ? JSON.stringify(input) : `base64 ${Buffer.from(input).toString('base64')}`
}
