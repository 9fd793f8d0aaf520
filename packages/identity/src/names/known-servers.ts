import type { AddressOptions } from './address.ts'
import { type IdServerAddress, parseIdServer } from './id-server.ts'

/** Addresses of ID-servers as settings name them, each once; what is no address, or may not be asked, is passed over. */
export function knownServers(texts: readonly string[], options: AddressOptions): readonly IdServerAddress[] {
  const servers = texts.flatMap((text) => {
    try {
      return [parseIdServer(text, options)]
    } catch {
      return []
    }
  })
  return [...new Set(servers)]
}
