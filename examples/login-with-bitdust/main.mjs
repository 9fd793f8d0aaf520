// A web site whose visitors sign in with their BitDust identity: `node main.mjs ORIGIN FOLDER [PORT]`. ORIGIN is what
// visitors have in their address bar; behind a proxy that speaks TLS it is https and PORT is where the proxy finds us.
import { isForbiddenHost } from '@bitdust/identity'
import { buildPage } from './build-page.mjs'
import { createSignIn } from './sign-in.mjs'
import { createSite } from './site.mjs'
import { createTrialIdentities } from './trial-identities.mjs'
import { createVisitors } from './visitors.mjs'

const [address, folder, port] = process.argv.slice(2)
if (address === undefined || folder === undefined || !URL.canParse(address)) {
  console.error('node main.mjs ORIGIN FOLDER [PORT]')
  process.exit(2)
}
const { origin, hostname, port: ownPort } = new URL(address)

// On the open Internet an identity comes from the visitor's own ID-server. A site on this machine also serves some itself.
const trial = isForbiddenHost(hostname) ? createTrialIdentities({ origin, folder }) : null
const signIn = createSignIn({ origin, visitors: createVisitors({ folder, trial }) })
const site = createSite({
  origin,
  signIn,
  trial,
  page: await buildPage(),
  log: (event) => console.log(JSON.stringify(event)),
})

site.listen(Number(port || ownPort || 80), '127.0.0.1', () => console.log(origin))
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    site.close()
    site.closeIdleConnections()
  })
