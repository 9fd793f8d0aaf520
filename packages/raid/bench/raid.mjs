// `pnpm --filter @bitdust/raid bench [rounds]`: our coder against bare calls of the library, in one thread and one run.
// CPU time, because other programs share the processor; what is compared is measured in turns, and figures are medians.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ReedSolomonErasure } from '@subspace/reed-solomon-erasure.wasm'
import { createCoder, encodeBlock, PRESETS } from '../src/index.ts'
import { createKernelCoder } from '../src/kernel/kernel-coder.ts'
import { loadWasmKernel } from '../src/kernel/load-kernel.ts'
import { createScalarKernel } from '../src/kernel/scalar-kernel.ts'

const MIB = 2 ** 20
const TURN_SECONDS = 0.04
const WARM_UP_SECONDS = 0.2

const { resolve } = createRequire(import.meta.url)
const libraryBytes = readFileSync(resolve('@subspace/reed-solomon-erasure.wasm/dist/reed_solomon_erasure_bg.wasm'))

/** Prints how many MB (10^6 bytes) of block a CPU second is enough for, and how many times what the library does. */
export async function benchRaid(print, { rounds = 9, sizes = [MIB, 16 * MIB] } = {}) {
  const coder = await createCoder()
  print(`kernel ${coder.name}, MB/s of block: ours / library = ratio (ours into new arrays)`)
  print(row('n', 'block', 'encode', 'restore data', 'restore data and parity'))
  print(row(...Array.from({ length: 5 }, () => '---')))
  for (const blockBytes of sizes) {
    for (const n of PRESETS) {
      const ways = Object.values(await waysOf(coder, n, blockBytes))
      const cells = []
      for (const way of ways) cells.push(cellOf(await rates(way, blockBytes, rounds)))
      print(row(n, `${blockBytes / MIB} MiB`, ...cells))
    }
  }
  print('')
  print('encode by kernel, 1 MiB, MB/s')
  const coders = {
    'relaxed-simd': createKernelCoder(await loadWasmKernel('relaxed-simd')),
    simd: createKernelCoder(await loadWasmKernel('simd')),
    scalar: createKernelCoder(createScalarKernel()),
  }
  print(row('n', ...Object.keys(coders)))
  print(row('---', ...Object.keys(coders).map(() => '---')))
  for (const n of PRESETS) {
    const way = {}
    for (const [name, coder] of Object.entries(coders)) way[name] = (await waysOf(coder, n, MIB)).encode.ours
    const { median } = await rates(way, MIB, rounds)
    print(row(n, ...Object.values(median).map((rate) => rate.toFixed(0))))
  }
}

/** What is measured: our coder into arrays that are there and into new ones, and the library. */
async function waysOf(coder, n, blockBytes) {
  const block = Uint8Array.from({ length: blockBytes }, (_, at) => (at * 2_654_435_761) >>> 13)
  const fragments = await encodeBlock(coder, block, n)
  const data = fragments.slice(0, n)
  // As many suppliers as may be lost, each with both of its fragments.
  const given = fragments.map((fragment, index) => (index % n < n >> 1 ? null : fragment))
  const want = Array.from({ length: n >> 1 }, (_, index) => index)
  const buffers = fragments.map((fragment) => new Uint8Array(fragment.length))
  const into = (index) => buffers[index]
  const library = libraryCalls(n, fragments, given)
  return {
    encode: { ours: () => coder.encode(data, n, { into }), fresh: () => coder.encode(data), library: library.encode },
    data: {
      ours: () => coder.reconstruct(given, { want, into }),
      fresh: () => coder.reconstruct(given, { want }),
      library: library.restoreData,
    },
    all: {
      ours: () => coder.reconstruct(given, { into }),
      fresh: () => coder.reconstruct(given),
      library: library.restoreAll,
    },
  }
}

/** The library at its best: the array is laid out as it wants it, and what it makes is left in there. */
function libraryCalls(n, fragments, given) {
  const size = fragments[0].length
  const shards = new Uint8Array(2 * n * size)
  for (const [index, fragment] of fragments.entries()) shards.set(fragment, index * size)
  const there = given.map((fragment) => fragment !== null)
  const library = ReedSolomonErasure.fromBytes(libraryBytes)
  // A new instance for each, since it leaves the instance broken.
  const restoreData = () => ReedSolomonErasure.fromBytes(libraryBytes).reconstruct(shards, n, n, there)
  return {
    encode: () => library.encode(shards, n, n),
    restoreData,
    // It restores no parity: what it takes to have all is to encode again.
    restoreAll() {
      restoreData()
      library.encode(shards, n, n)
    },
  }
}

/** Bytes per microsecond of every way: medians of turns, and the median of the ratio of `ours` to `library` within a round. */
async function rates(ways, blockBytes, rounds) {
  for (const call of Object.values(ways)) await secondsPerCall(call, WARM_UP_SECONDS)
  const turns = []
  for (let round = 0; round < rounds; round++) {
    const turn = {}
    for (const [name, call] of Object.entries(ways))
      turn[name] = blockBytes / 1e6 / (await secondsPerCall(call, TURN_SECONDS))
    turns.push(turn)
  }
  const medians = Object.keys(ways).map((name) => [name, medianOf(turns.map((turn) => turn[name]))])
  return { median: Object.fromEntries(medians), ratio: medianOf(turns.map(({ ours, library }) => ours / library)) }
}

async function secondsPerCall(call, atLeast) {
  const begin = process.cpuUsage()
  for (let calls = 1; ; calls++) {
    await call()
    const { user, system } = process.cpuUsage(begin)
    const seconds = (user + system) / 1e6
    if (seconds >= atLeast) return seconds / calls
  }
}

function medianOf(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

function cellOf({ median: { ours, fresh, library }, ratio }) {
  return `${ours.toFixed(0)} / ${library.toFixed(0)} = **${ratio.toFixed(1)}** (${fresh.toFixed(0)})`
}

function row(...cells) {
  return `| ${cells.join(' | ')} |`
}

if (import.meta.main) await benchRaid(console.log, { rounds: Number(process.argv[2] ?? 9) })
