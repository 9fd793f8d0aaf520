/**
 * A process that stores a document and kills itself before its k-th operation on the disk, which is also after the one
 * before it. Arguments: folder, k. Ends with 0 when all is written before that.
 */
import type { Disk, DiskFile } from '@bitdust/crypto/files'
import { directDisk } from '../../src/node/direct-disk.ts'
import { fileIdentityStore } from '../../src/node/file-identity-store.ts'

const [folder = '', killAt = ''] = process.argv.slice(2)
let operations = 0

/** The same object, whose methods count and kill. */
function deadly<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, name) {
      const method: unknown = Reflect.get(object, name)
      if (typeof method !== 'function') return method
      return async (...parameters: unknown[]) => {
        operations += 1
        if (operations === Number(killAt)) await die()
        const result: unknown = await method.apply(object, parameters)
        return isFile(result) ? deadly(result) : result
      }
    },
  })
}

/** Nothing after it runs: the kernel ends the process within the call or soon after. */
function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

function isFile(value: unknown): value is DiskFile {
  return typeof value === 'object' && value !== null && 'sync' in value
}

const disk: Disk = deadly(directDisk)
await fileIdentityStore(folder, { disk }).put('alice', new TextEncoder().encode('new '.repeat(1000)))
