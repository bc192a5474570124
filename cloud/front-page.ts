// What the front door answers itself: an index of the cloud, its health, and its metrics.
import { type RawRequest, type Reply, reply } from '../eden/http/request.ts'
import type { AnyService } from '../eden/service.ts'

interface Shown {
  services: AnyService[]
  origins: Map<string, string>
  metrics: () => Promise<string>
  isReady: boolean
}

export async function frontPage(raw: RawRequest, shown: Shown): Promise<Reply> {
  const path = raw.url.split('?')[0]
  if (path === '/healthz') return reply(shown.isReady ? 200 : 503, { ready: shown.isReady })
  if (path === '/metrics') return reply(200, await shown.metrics(), { 'content-type': 'text/plain; version=0.0.4' })
  if (path !== '/')
    return reply(404, { error: { code: 404, message: `Nothing is at ${path}; the index is at ${raw.origin}/.` } })
  if ((raw.headers.accept ?? '').includes('text/html'))
    return reply(200, page(shown), { 'content-type': 'text/html; charset=utf-8' })
  return reply(200, {
    services: shown.services.map(({ name, prefix }) => ({
      name,
      url: shown.origins.get(name) ?? null,
      front_door: raw.origin + prefix,
    })),
  })
}

/** What each service is for, and one command that shows it. */
const about: Record<string, { says: string; try?: string }> = {
  eden: { says: 'jobs, changes, webhooks and reasons, of all services' },
  identity: { says: 'people, projects, roles and the catalog', try: 'openstack catalog list' },
  image: { says: 'what servers boot from', try: 'openstack image list' },
  network: { says: 'networks, routers, addresses, firewalls', try: 'openstack network list' },
  volume: { says: 'disks that outlive servers', try: 'openstack volume list' },
  compute: { says: 'servers, flavors, consoles', try: 'openstack server list' },
}

const style = `
  :root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --text: #1d2127; --soft: #626a76; --line: #e3e5e9; --accent: #1f5fbf; --good: #2f8f5b; --waits: #b27a12 }
  @media (prefers-color-scheme: dark) {
    :root { --back: #0f1115; --card: #171a21; --text: #e6e8ec; --soft: #9aa1ae; --line: #2b2f39; --accent: #7fb0ff; --good: #4fb477; --waits: #d9a03a }
  }
  * { box-sizing: border-box }
  body { margin: 0 auto; max-width: 58rem; padding: 2.5rem 1.25rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
  h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.01em } h2 { margin: 2rem 0 .6rem; font-size: 1.05rem }
  header { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline }
  .state { color: var(--soft) }
  .state::before { content: ''; display: inline-block; width: .6em; height: .6em; margin-right: .45em; border-radius: 50%; background: var(--waits) }
  .state.up::before { background: var(--good) }
  .card { border: 1px solid var(--line); border-radius: 10px; background: var(--card); overflow-x: auto }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .55rem 1rem; border-top: 1px solid var(--line); vertical-align: baseline }
  tr:first-child > * { border-top: 0 } th { font-weight: 600; font-size: .85rem; color: var(--soft) }
  td small { display: block; color: var(--soft); font-size: .88rem }
  code, pre { font: .88rem/1.6 ui-monospace, monospace } td code { white-space: nowrap }
  pre { margin: 0; padding: .9rem 1rem; white-space: pre }
  a { color: var(--accent); text-underline-offset: .15em } p { color: var(--soft); margin: .5rem 0 }`

const page = ({ services, origins, isReady }: Shown) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Cloud OS</title>
<style>${style}
</style>
<header><h1>Cloud OS</h1><span class="state${isReady ? ' up' : ''}">${isReady ? 'This cloud is up' : 'This cloud is starting'}</span></header>
<p>Its services speak OpenStack’s APIs, each at its usual port and all of them behind this door.</p>
<h2>Services</h2>
<div class="card"><table>
<tr><th>Service<th>At its port<th>At this door
${services.map((one) => row(one, origins)).join('\n')}
</table></div>
<h2>What to try first</h2>
<div class="card"><pre>export OS_CLOUD=cloudos
${services.flatMap(({ name }) => about[name]?.try ?? []).join('\n')}
openstack server create --flavor FLAVOR --image IMAGE --network NETWORK my-first
openstack console url show my-first</pre></div>
<p>Credentials are in <code>~/.config/openstack/clouds.yaml</code> of whoever ran <code>./cloudos up</code>; a disposable cloud prints its own.</p>
<h2>For those who run it</h2>
<p><a href="/healthz"><code>/healthz</code></a> answers 200 when requests are answered. <a href="/metrics"><code>/metrics</code></a> is for Prometheus.${services.some(({ name }) => name === 'eden') ? ` The API of a service as an OpenAPI document: ${services.map(({ name }) => `<a href="/eden/1/openapi/${name}">${name}</a>`).join(', ')}.` : ''}</p>
</html>
`

const row = ({ name, prefix, keepsPrefix, catalog }: AnyService, origins: Map<string, string>) => {
  const origin = origins.get(name)
  const root = keepsPrefix ? (catalog[0]?.path ?? prefix) : `${prefix}/`
  return `<tr><td>${name}<small>${about[name]?.says ?? ''}</small><td>${origin ? `<a href="${origin}/"><code>${origin}</code></a>` : '–'}<td><a href="${root}"><code>${prefix}</code></a>`
}
