// One end of the plain libp2p copy: receives streams into files, or serves a file to whoever opens a stream.
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const PUT = '/bench/put/1.0.0'
const GET = '/bench/get/1.0.0'
const WRITE_BYTES = 1024 * 1024
const WINDOW_BYTES = 4 * 1024 * 1024

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [
    yamux({ streamOptions: { initialStreamWindowSize: WINDOW_BYTES, maxStreamWindowSize: WINDOW_BYTES } }),
  ],
  connectionMonitor: { enabled: false },
  connectionManager: { inboundConnectionThreshold: 1000 },
})
let file = ''
const received = []

await node.handle(PUT, async (stream) => {
  const done = receive(stream, file)
  received.push(done)
  await done
  await stream.close()
})
await node.handle(GET, (stream) => send(stream, { file }))

const commands = {
  address: async () => node.getMultiaddrs().map(String)[0],
  use: async (path) => {
    file = path
    received.length = 0
  },
  received: () => Promise.all(received),
  dial: async (address) => void (await node.dial(multiaddr(address))),
  /** Sends a part of a file to each address. */
  put: ({ targets }) =>
    Promise.all(
      targets.map(async ({ address, path, offset, length }) => {
        const stream = await node.dialProtocol(multiaddr(address), PUT)
        const ended = new Promise((resolve) => stream.addEventListener('remoteCloseWrite', resolve, { once: true }))
        await send(stream, { file: path, offset, length })
        await ended
      }),
    ),
  /** Fetches the file of each address. */
  get: ({ sources }) =>
    Promise.all(
      sources.map(async ({ address, path }) => {
        const stream = await node.dialProtocol(multiaddr(address), GET)
        await receive(stream, path)
      }),
    ),
}

process.on('message', async ({ id, name, input }) => {
  try {
    process.send({ id, result: (await commands[name](input)) ?? null })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
process.on('disconnect', () => process.exit(0))

async function send(stream, { file: path, offset = 0, length }) {
  const source = await open(path)
  const end = offset + (length ?? (await source.stat()).size)
  for (let at = offset; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(WRITE_BYTES, end - at))
    await source.read(buffer, 0, buffer.length, at)
    at += buffer.length
    if (!stream.send(buffer)) await stream.onDrain()
  }
  await source.close()
  await stream.close()
}

async function receive(stream, path) {
  const target = createWriteStream(path)
  for await (const chunk of stream) {
    const bytes = chunk instanceof Uint8Array ? chunk : chunk.subarray()
    if (!target.write(bytes)) await new Promise((resolve) => target.once('drain', resolve))
  }
  await new Promise((resolve, reject) => target.end((error) => (error ? reject(error) : resolve())))
}
