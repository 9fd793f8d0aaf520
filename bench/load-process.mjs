// A process of its own that sends HTTP requests and measures the answers; started by `startLoad`.
import { connect } from 'node:net'

/** Connections that have no answer are given up, in ms. */
const PATIENCE_MS = 30_000

process.on('message', async (job) => {
  try {
    process.send({ figures: await load(job) })
  } catch (error) {
    process.send({ failure: error.message })
  }
})

/**
 * Sends requests on several connections, one after another on each, until the time is over or, with `once`, until each
 * was sent.
 */
async function load({ port, requests, connections, status, ms, once }) {
  const queue = requests.map((request) => Buffer.from(request))
  const latencies = []
  let next = 0
  const began = performance.now()
  const isOver = () => (once ? next >= queue.length : performance.now() - began >= ms)
  async function work() {
    const client = await dial(port)
    while (!isOver()) {
      const request = queue[next++ % queue.length]
      const sent = performance.now()
      const answered = await client.ask(request)
      latencies.push(performance.now() - sent)
      if (answered !== status) throw new Error(`status ${answered}, expected ${status}`)
    }
    client.end()
  }
  await Promise.all(Array.from({ length: connections }, work))
  const seconds = (performance.now() - began) / 1000
  latencies.sort((a, b) => a - b)
  return { perSecond: latencies.length / seconds, p95: latencies[Math.floor(latencies.length * 0.95)] }
}

/** A keep-alive connection that knows as much of HTTP as these servers answer: a status and a Content-Length. */
function dial(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let received = []
    let size = 0
    let answer = () => {}
    let refuse = reject
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')))
    socket.on('error', (error) => refuse(error))
    socket.on('close', () => refuse(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      received.push(chunk)
      size += chunk.length
      const bytes = received.length === 1 ? chunk : Buffer.concat(received)
      const head = bytes.indexOf('\r\n\r\n')
      if (head < 0) return
      const text = bytes.latin1Slice(0, head)
      const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0)
      if (size < head + 4 + length) return
      received = []
      size = 0
      answer(Number(text.slice(9, 12)))
    })
    socket.on('connect', () =>
      resolve({
        ask: (request) =>
          new Promise((settle, fail) => {
            answer = settle
            refuse = fail
            socket.write(request)
          }),
        end: () => {
          refuse = () => {}
          socket.end()
        },
      }),
    )
  })
}
