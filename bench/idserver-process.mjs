// A process of its own that serves: `ours FOLDER` is an ID-server; `get` and `post` are the least that node:http can do.
import { constants, createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { fileIdentityStore, serveIdServer } from '@bitdust/idserver/node'
import { HOST } from './identity-pool.mjs'

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

const [kind, folder] = process.argv.slice(2)
if (kind === 'ours') await serveOurs()
else process.once('message', (setup) => serveBare(kind === 'get' ? answerGet(setup) : answerPost(setup)))

async function serveOurs() {
  const many = Number.MAX_SAFE_INTEGER
  const server = await serveIdServer({
    host: HOST,
    port: 0,
    address: '127.0.0.1',
    store: fileIdentityStore(folder),
    // The load comes from one address.
    limits: { uploadsPerMinute: many, newNamesPerDay: many, socketsPerHost: many },
  })
  process.send({ figures: { port: server.port } })
}

function serveBare(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1', () => {
    process.send({ figures: { port: server.address().port } })
  })
}

/** The same bytes with the same headers to everybody. */
function answerGet({ headers, bytes }) {
  return (_request, response) => {
    response.writeHead(200, headers)
    response.end(bytes)
  }
}

/** Takes a body, checks the one signature that goes with it, keeps nothing. Key objects are made once. */
function answerPost({ pem, signature }) {
  const key = createPublicKey(pem)
  return (request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const isValid = verify('sha256', body, { key, ...PSS }, signature)
      response.writeHead(isValid ? 201 : 400, { 'content-type': 'application/json', 'content-length': 2 })
      response.end('{}')
    })
  }
}
