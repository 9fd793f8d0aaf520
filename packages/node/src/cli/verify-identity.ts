import { resolve } from 'node:path'
import {
  type IdentityVerdict,
  type Idurl,
  idurlParts,
  isForbiddenHost,
  MAX_IDENTITY_BYTES,
  parseIdurl,
  verifyIdentity,
} from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { NodeError } from '../errors.ts'
import { folderPaths } from '../folder.ts'
import { action } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { answersUsage, readAtMost, tellWhy } from './judge.ts'
import { safeText } from './output.ts'

type Verdict = Omit<IdentityVerdict, 'code'> & { readonly code: string | null }

/** The verdict on what could not be read. */
const NOTHING_READ: Verdict = {
  scheme: null,
  valid: false,
  code: null,
  sources: null,
  contacts: null,
  fingerprint: null,
}

/** `identity verify`. Exit code 0: valid; 1: read, and not valid; 2: could not be read. JSON in every case. */
export function addVerifyCommand(identity: Command): void {
  const verify = identity
    .command('verify <where>')
    .description(
      'judge an identity file, ours or the original’s: a FILE or an IDURL; exit code 0 valid, 1 not, 2 unreadable',
    )
  action(answersUsage(verify, NOTHING_READ), async ({ folder, output }, where: string) => {
    const { verdict, exitCode } = await judge(where, folder)
    output.result(verdict, ({ scheme, valid, code, sources, fingerprint }) =>
      valid
        ? [`valid (${scheme})`, `fingerprint ${fingerprint}`, ...(sources ?? []).map(safeText)].join('\n')
        : `not valid: ${code}`,
    )
    process.exitCode = exitCode
  })
}

async function judge(where: string, folder: string): Promise<{ verdict: Verdict; exitCode: number }> {
  let bytes: Uint8Array
  try {
    bytes = where.includes('://')
      ? await fetchFrom(where, folder)
      : await readAtMost(resolve(where), MAX_IDENTITY_BYTES)
  } catch (error) {
    const code = tellWhy(error)
    // More than any identity has: its bytes were read as far as they count.
    if (code === 'LimitExceeded')
      return { verdict: { ...NOTHING_READ, code: 'IdentityMalformed' }, exitCode: EXIT.refused }
    return { verdict: { ...NOTHING_READ, code }, exitCode: EXIT.usage }
  }
  const verdict = await verifyIdentity(bytes, { allowPrivate: true })
  return { verdict, exitCode: verdict.valid ? EXIT.ok : EXIT.refused }
}

async function fetchFrom(where: string, folder: string): Promise<Uint8Array> {
  const { network } = await readConfig(folderPaths(folder).config)
  const idurl = parseIdurl(where, { allowPrivate: true })
  const options = { allowPrivate: network.local || isPrivate(idurl) }
  const bytes = await createIdServerClient({ fetch: createSafeFetch(options), ...options }).fetch(idurl)
  if (bytes !== null) return bytes
  throw new NodeError('NotFound', `nothing is published at ${where}`)
}

/** Who types a private address means it; a name that leads to one may be a stranger's trick and stays forbidden. */
function isPrivate(idurl: Idurl): boolean {
  return isForbiddenHost(idurlParts(idurl).host)
}
