import { type IdentityDocument, type IdServerAddress, idServerOf, idurlParts } from '@bitdust/identity'
import { IdServerError } from '../errors.ts'

/**
 * The name under which a document wants to stand at this server: that of the source which names the server.
 *
 * @param host - The server's own host, with its port unless that is the default of the scheme.
 * @param pathName - The name in the address that the upload was sent to; `null` for an upload to `/`.
 * @throws {IdServerError} `IdurlForbidden` when no source names this server, or only under another name.
 */
export function nameHere(document: IdentityDocument, host: string, pathName: string | null): string {
  const source = document.sources.find((idurl) => hostOf(idServerOf(idurl)) === host)
  if (source === undefined)
    throw new IdServerError(
      'IdurlForbidden',
      `no source of the document is at ${host}, it has ${document.sources.join(', ')}`,
    )
  const { name } = idurlParts(source)
  if (pathName !== null && name !== pathName)
    throw new IdServerError(
      'IdurlForbidden',
      `sent to /${pathName}.xml, but the document's source here is /${name}.xml`,
    )
  return name
}

/** Host and port of an ID-server, whatever the scheme: the same files may be served over http and https. */
export function hostOf(server: IdServerAddress): string {
  return server.replace(/^https?:\/\//, '')
}

/**
 * Decides whether a document may take the place of the one that holds its name. Both are verified already.
 *
 * @throws {IdServerError} `IdentityNameTaken` when another key holds the name, `IdentityRollback` when the revision does
 * not rise.
 */
export function checkSuccession(held: IdentityDocument, offered: IdentityDocument, name: string): void {
  if (held.fingerprint !== offered.fingerprint)
    throw new IdServerError('IdentityNameTaken', `the name ${name} is held by key ${held.fingerprint}`, {
      subject: name,
    })
  if (offered.revision <= held.revision)
    throw new IdServerError(
      'IdentityRollback',
      `revision ${offered.revision} of ${name} was sent, expected more than ${held.revision}`,
      { subject: name },
    )
}
