import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts a process beside this one by the name of its script; it takes jobs as messages, one at a time. */
export function startBeside(script, args = []) {
  const child = fork(join(import.meta.dirname, script), args, { serialization: 'advanced' })
  async function answer() {
    const over = new AbortController()
    const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
      throw new Error(`${script} ended with ${code}`)
    })
    try {
      const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), ended])
      if (message.failure !== undefined) throw new Error(`${script}: ${message.failure}`)
      return message.figures
    } finally {
      ended.catch(() => {})
      over.abort()
    }
  }
  return {
    pid: child.pid,
    answer,
    ask(job) {
      child.send(job)
      return answer()
    },
    async stop() {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** A process that sends requests to a port: `ask({ port, requests, connections, status, ms | once })`. */
export const startLoad = () => startBeside('load-process.mjs')

/** The bytes of one HTTP request. */
export function requestOf(method, path, body = new Uint8Array()) {
  const head = `${method} ${path} HTTP/1.1\r\nHost: id.example\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(method === 'GET' ? head.replace(/Content-Length.*\r\n/, '') : head), body])
}
