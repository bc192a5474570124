// Every route asked by every persona: the rule that the route names decides, and nothing else lets anybody through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCloud } from '../cloud/start-cloud.ts'
import { personas } from '../eden/policy/personas.ts'

test('every route answers each persona as its rule says', async (t) => {
  const cloud = await startCloud()
  t.after(() => cloud.close())
  const { assembly } = cloud.cloud
  let asked = 0
  const wrong: string[] = []
  for (const service of assembly.services) {
    const pipeline = assembly.pipelines.get(service.name)!
    for (const route of service.routes) {
      if (route.token === 'none') continue
      const { versions } = service
      const version = route.until ?? versions?.max
      const inVersion = versions && { 'openstack-api-version': `${versions.type} ${version}` }
      const url = route.path.replace(/:\w+/g, '00000000-0000-4000-8000-000000000000').replace('*', 'x')
      for (const { name, credentials } of personas()) {
        const isAnonymous = credentials.userId === undefined
        const ask = {
          method: route.method,
          url,
          headers: {
            ...(!isAnonymous && { 'x-auth-token': assembly.sealer.seal(credentials) }),
            'cloudos-dry-run': 'true',
            ...inVersion,
          },
          body: undefined,
          origin: 'http://cloud.test',
          remoteAddress: '127.0.0.1',
        }
        const { status } = await pipeline.handle(ask)
        asked += 1
        const { userId, projectId, domainId } = credentials
        const own = { project_id: projectId, tenant_id: projectId, user_id: userId, domain_id: domainId }
        const mayTry = !route.rule || assembly.ground.enforcer.allowed(route.rule, credentials, own)
        const what = `${name}: ${route.method} ${service.name}${route.path} gave ${status}`
        if (isAnonymous && route.token !== 'optional' && status !== 401) wrong.push(`${what} without a token`)
        else if (!isAnonymous && !mayTry && status !== 403) wrong.push(`${what} against ${route.rule}`)
        else if (status >= 500) wrong.push(what)
      }
    }
  }
  assert.deepEqual(wrong, [])
  t.diagnostic(`${asked} requests`)
})
