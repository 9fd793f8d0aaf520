import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts one process of the plain copy. */
function startProcess() {
  const child = fork(join(import.meta.dirname, 'copy-process.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(error))
  })
  return {
    pid: child.pid,
    call: (name, input) =>
      new Promise((resolve, reject) => {
        last++
        waiting.set(last, { resolve, reject })
        child.send({ id: last, name, input })
      }),
    async end() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/**
 * One sender and N receivers, connected: the limit that any transfer over libp2p has on this machine.
 * `put` moves `2 x size / n` bytes to each, as an upload of n + n fragments does; `get` fetches `size / n` from each.
 */
export async function startCopyNetwork({ n, file, size, folder }) {
  const sender = startProcess()
  const receivers = Array.from({ length: n }, startProcess)
  const addresses = await Promise.all(receivers.map(({ call }) => call('address')))
  for (const address of addresses) await sender.call('dial', address)
  const part = Math.floor(size / n)
  return {
    pids: [sender.pid, ...receivers.map(({ pid }) => pid)],
    async put() {
      await Promise.all(receivers.map(({ call }, index) => call('use', join(folder, `received-${index}`))))
      const once = addresses.map((address, index) => ({ address, path: file, offset: index * part, length: part }))
      // Data and Parity: the same amount again, one after the other on a stream of its own.
      await sender.call('put', { targets: once })
      await sender.call('put', { targets: once })
      await Promise.all(receivers.map(({ call }) => call('received')))
    },
    async get() {
      const sources = addresses.map((address, index) => ({ address, path: join(folder, `fetched-${index}`) }))
      await sender.call('get', { sources })
    },
    async stop() {
      await Promise.all([sender, ...receivers].map((each) => each.end()))
    },
  }
}
