// Access rules by table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { permits } from './access-rules.ts'

for (const [path, asked, expected] of [
  ['/v2.1/servers', '/v2.1/servers', true],
  ['/v2.1/servers', '/v2x1/servers', false],
  ['/v2.1/servers', '/v2.1/servers/1', false],
  ['/v2.1/servers/*', '/v2.1/servers/1', true],
  ['/v2.1/servers/*', '/v2.1/servers/1/action', false],
  ['/v2.1/servers/{id}/action', '/v2.1/servers/1/action', true],
  ['/v2.1/**', '/v2.1/servers/1/action', true],
] as const)
  test(`${path} ${expected ? 'permits' : 'does not permit'} ${asked}`, () => {
    const rules = [{ service: 'compute', path, method: 'GET' }]
    assert.equal(permits(rules, ['compute'], 'GET', asked), expected)
    assert.equal(permits(rules, ['compute'], 'POST', asked), false)
    assert.equal(permits(rules, ['image'], 'GET', asked), false)
  })
