// `pnpm bench`: see README.md.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchIdentity } from './identity.mjs'
import { benchIdServer } from './idserver.mjs'
import { benchMemory } from './memory.mjs'
import { benchRaid } from './raid.mjs'
import { benchTransfer } from './transfer.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    mib: { type: 'string', default: '256' },
    suppliers: { type: 'string', default: '7' },
    rounds: { type: 'string', default: '3' },
    identities: { type: 'string', default: '100000' },
  },
})
const directory = await mkdtemp(join(tmpdir(), 'bitdust-bench-'))
const suppliers = Number(values.suppliers)
const parts = {
  raid: () => benchRaid(),
  transfer: () =>
    benchTransfer({ directory, mib: Number(values.mib), suppliers, rounds: Number(values.rounds), print }),
  identity: () => benchIdentity({ rounds: Number(values.rounds), print }),
  idserver: () =>
    benchIdServer({ directory, rounds: Number(values.rounds), identities: Number(values.identities), print }),
  memory: () => benchMemory({ directory, sizes: [64, 1024], suppliers, print }),
}
try {
  for (const [name, run] of Object.entries(parts)) if (values.only === undefined || values.only === name) await run()
} finally {
  await rm(directory, { recursive: true, force: true })
}

function print(what, figures) {
  console.log(
    `${what}: ${Object.entries(figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  )
}
