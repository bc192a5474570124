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

const page = ({ services, origins, isReady }: Shown) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cloud OS</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
  code { font: .9em ui-monospace, monospace }
</style>
<h1>Cloud OS</h1>
<p>${isReady ? 'This cloud is up.' : 'This cloud is starting.'} Its services speak OpenStack’s APIs:</p>
<table>
<tr><th>Service<th>Address<th>Here
${services.map(({ name, prefix }) => `<tr><td>${name}<td><code>${origins.get(name) ?? '–'}</code><td><a href="${prefix}/"><code>${prefix}</code></a>`).join('\n')}
</table>
<p>Health: <a href="/healthz"><code>/healthz</code></a>. Metrics: <a href="/metrics"><code>/metrics</code></a>.</p>
</html>
`
