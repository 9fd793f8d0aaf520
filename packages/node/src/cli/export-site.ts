import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig } from '../config.ts'
import { NodeError } from '../errors.ts'
import { folderPaths } from '../folder.ts'
import { readOwnIdentity } from '../metadata.ts'
import { type ExportedSite, exportSite } from '../site/export-site.ts'
import { action } from './command-line.ts'
import { safeText } from './output.ts'

/** `identity export-site`. */
export function addExportSiteCommand(identity: Command): void {
  const command = identity
    .command('export-site <dir>')
    .description('write a folder for any web server that shows your identity')
    .option('--url <url>', 'make the site a source of your identity, and keep the folder up to date', parseSite)
    .addOption(new Option('--primary', 'make it the first source').default(false))
  action(command, async ({ folder, output, call }, dir: string) => {
    const { url, primary } = command.opts<{ url?: string; primary: boolean }>()
    const directory = resolve(dir)
    if (primary && url === undefined) throw new NodeError('ConfigInvalid', '--primary needs --url')
    const exported =
      url === undefined
        ? await exportKnown(folder, directory)
        : ((await call('identity/add-site', { url, folder: directory, primary })) as ExportedSite & { idurl: string })
    output.result(exported, showExported)
  })
}

/** Writes the identity as this machine knows it; no node need run. */
async function exportKnown(folder: string, directory: string): Promise<ExportedSite> {
  const paths = folderPaths(folder)
  const { network } = await readConfig(paths.config)
  const { identity } = await readOwnIdentity(paths, { allowPrivate: network.local })
  return exportSite(directory, identity)
}

function showExported({ directory, file, idurl }: ExportedSite & { readonly idurl?: string }): string {
  const written = `${safeText(directory)} holds ${safeText(file)} and pages for people; copy it to the top of your web site`
  if (idurl === undefined) return written
  return `${written}\n${safeText(idurl)} is a source of your identity; "bitdust status" tells whether the site is behind`
}

function parseSite(value: string): string {
  if (!/^https?:\/\/[^/]+\/?$/.test(value)) throw new InvalidArgumentError('a site is named as https://host[:port]')
  return value
}
