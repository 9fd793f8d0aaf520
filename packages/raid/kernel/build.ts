// `pnpm --filter @bitdust/raid kernel`: compiles the kernels into src/kernel/modules.ts.
import { writeFile } from 'node:fs/promises'
import { modulesFile } from './modules.ts'

await writeFile(new URL('../src/kernel/modules.ts', import.meta.url), await modulesFile())
