// The rule language by table: rules as OpenStack's services ship them, and what each says of whom.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credentials } from './credentials.ts'
import { Enforcer } from './enforcer.ts'
import { PolicyParseError, parseRule } from './parse.ts'
import { policyRules } from './rules.ts'
import type { Target } from './target.ts'

const who: Record<string, Credentials> = {
  admin: { userId: 'root', projectId: 'ops', roles: ['admin', 'manager', 'member', 'reader'] },
  system: { userId: 'root', systemScope: 'all', roles: ['admin', 'manager', 'member', 'reader'] },
  domain: { userId: 'dora', domainId: 'd1', roles: ['admin', 'manager', 'member', 'reader'] },
  manager: { userId: 'mona', projectId: 'p1', projectDomainId: 'd1', roles: ['manager', 'member', 'reader'] },
  member: { userId: 'max', projectId: 'p1', projectDomainId: 'd1', userDomainId: 'd1', roles: ['member', 'reader'] },
  reader: { userId: 'rita', projectId: 'p1', roles: ['reader'] },
  other: { userId: 'otto', projectId: 'p2', roles: ['member', 'reader'] },
  service: { userId: 'nova', projectId: 'services', roles: ['service'] },
  behalf: { userId: 'max', projectId: 'p1', roles: ['member'], serviceRoles: ['service'] },
  inner: { roles: [], isAdmin: true },
  nobody: { userId: 'nick', roles: [] },
  anonymous: { roles: [] },
}
const ours = { project_id: 'p1', user_id: 'max' }
const everybody = Object.keys(who)

// check, target, who passes
const table: [check: string | (string | string[])[], target: Target, passes: string[]][] = [
  ['', {}, everybody],
  ['@', {}, everybody],
  ['!', {}, []],
  ['not !', {}, everybody],
  ['role:admin', {}, ['admin', 'system', 'domain']],
  ['role:ADMIN', {}, ['admin', 'system', 'domain']],
  ['role:%(wanted)s', { wanted: 'Manager' }, ['admin', 'system', 'domain', 'manager']],
  ['role:%(wanted)s', {}, []],
  ['role:admin or is_admin:1', {}, ['admin', 'system', 'domain', 'inner']],
  ['is_admin:True', {}, ['inner']],
  ['is_admin:False', {}, everybody.filter((name) => name !== 'inner')],
  ['is_admin:%(flag)s', { flag: true }, ['inner']],
  ['role:admin and is_admin_project:True', {}, ['admin', 'system', 'domain']],
  ['system_scope:all', {}, ['system']],
  ['role:reader and system_scope:all', {}, ['system']],
  ['user_id:%(user_id)s', ours, ['member', 'behalf']],
  ['user_id:%(user_id)s', { userId: 'max' }, ['member', 'behalf']],
  ['user_id:%(user_id)s', {}, []],
  ['user_id:max', {}, ['member', 'behalf']],
  ['project_id:%(project_id)s', ours, ['manager', 'member', 'reader', 'behalf']],
  ['project_id:%(project_id)s', { projectId: 'p1' }, ['manager', 'member', 'reader', 'behalf']],
  ['project_id:%(project_id)s', { project_id: null }, []],
  ['project_id:%(project_id)s', { project_id: undefined }, []],
  ['project_id:%(project_id)s', { project_id: ['p1'] }, []],
  ['tenant_id:%(tenant_id)s', { tenant_id: 'p2' }, ['other']],
  ['tenant_id:%(tenant_id)s', { projectId: 'p2' }, ['other']],
  ['role:member and project_id:%(project_id)s', ours, ['manager', 'member', 'behalf']],
  ['role:manager and project_id:%(project_id)s', ours, ['manager']],
  ['rule:project_reader_or_admin', ours, ['admin', 'system', 'domain', 'manager', 'member', 'reader', 'inner']],
  ['rule:project_member_or_admin', ours, ['admin', 'system', 'domain', 'manager', 'member', 'behalf', 'inner']],
  ['rule:project_manager_or_admin', ours, ['admin', 'system', 'domain', 'manager', 'inner']],
  ['rule:admin_or_owner', ours, ['admin', 'system', 'domain', 'manager', 'member', 'reader', 'behalf', 'inner']],
  ['rule:admin_api', {}, ['admin', 'system', 'domain', 'inner']],
  ['rule:service_api', {}, ['service']],
  ['rule:service_or_admin', {}, ['admin', 'system', 'domain', 'service', 'inner']],
  ['rule:system_or_project_reader', ours, ['system', 'manager', 'member', 'reader']],
  ['service_roles:service', {}, ['behalf']],
  ['roles:manager', {}, ['admin', 'system', 'domain', 'manager']],
  // Identity
  [
    'rule:admin_required or user_id:%(target.user.id)s',
    { target: { user: { id: 'rita' } } },
    ['admin', 'system', 'domain', 'reader', 'inner'],
  ],
  ['user_id:%(target.user.id)s', { 'target.user.id': 'rita' }, ['reader']],
  ['user_id:%(target.token.user_id)s', { target: { token: { user_id: 'mona' } } }, ['manager']],
  ['user_id:%(target.trust.trustor_user_id)s', { target: { trust: { trustor_user_id: 'otto' } } }, ['other']],
  ['project_id:%(target.project.id)s', { target: { project: { id: 'p2' } } }, ['other']],
  ['project_id:%(target.project.id)s', { target: { project: null } }, []],
  [
    '(role:admin and system_scope:all) or (role:admin and domain_id:%(target.domain_id)s)',
    { target: { domain_id: 'd1' } },
    ['system', 'domain'],
  ],
  ['role:reader and domain_id:%(target.user.domain_id)s', { target: { user: { domain_id: 'd1' } } }, ['domain']],
  [
    'token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s',
    { target: { domain: { id: 'd1' } } },
    ['domain', 'manager', 'member'],
  ],
  [
    'role:admin and None:%(target.role.domain_id)s',
    { target: { role: { domain_id: null } } },
    ['admin', 'system', 'domain'],
  ],
  ['role:admin and None:%(target.role.domain_id)s', { target: { role: { domain_id: 'd1' } } }, []],
  ['role:admin and None:%(target.role.domain_id)s', { target: { role: {} } }, []],
  ['user_domain_id:%(domain_id)s', { domain_id: 'd1' }, ['member']],
  ['project_domain_id:%(domain_id)s', { domain_id: 'd1' }, ['manager', 'member']],
  // Compute
  ['is_admin:True or project_id:%(project_id)s', ours, ['manager', 'member', 'reader', 'behalf', 'inner']],
  [
    'rule:context_is_admin or (role:manager and project_id:%(project_id)s)',
    ours,
    ['admin', 'system', 'domain', 'manager', 'inner'],
  ],
  // Network
  ['field:networks:shared=True', { shared: true }, everybody],
  ['field:networks:shared=True', { shared: false }, []],
  ['field:networks:shared=True', {}, []],
  [
    'rule:project_reader or field:networks:router:external=True',
    { project_id: 'p2', 'router:external': true },
    everybody,
  ],
  ['not field:port:device_owner=~^network:', { device_owner: 'network:dhcp' }, []],
  ['not field:port:device_owner=~^network:', { deviceOwner: 'compute:nova' }, everybody],
  ['field:port:device_owner=~(network|compute):', { device_owner: 'compute:nova' }, everybody],
  [
    '(not field:port:device_owner=~^network:) or rule:admin_only',
    { device_owner: 'network:dhcp' },
    ['admin', 'system', 'domain', 'inner'],
  ],
  ['tenant_id:%(network:tenant_id)s', { 'network:tenant_id': 'p2' }, ['other']],
  ['project_id:%(ext_parent:project_id)s', { ext_parent: { project_id: 'p2' } }, ['other']],
  // Volume
  [
    '(role:admin) or (role:reader and project_id:%(project_id)s)',
    ours,
    ['admin', 'system', 'domain', 'manager', 'member', 'reader'],
  ],
  [
    'is_admin:True or (role:admin and is_admin_project:True) or project_id:%(project_id)s',
    ours,
    ['admin', 'system', 'domain', 'manager', 'member', 'reader', 'behalf', 'inner'],
  ],
  ['True:%(is_public)s', { is_public: true }, everybody],
  ['True:%(is_public)s', { is_public: false }, []],
  ['False:%(encrypted)s', { encrypted: false }, everybody],
  // Image
  [
    "role:admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s))",
    { project_id: 'p9', visibility: 'public' },
    ['admin', 'system', 'domain', 'manager', 'member', 'reader', 'other'],
  ],
  [
    "role:reader and (project_id:%(project_id)s or 'public':%(visibility)s)",
    { project_id: 'p1', visibility: 'private' },
    ['manager', 'member', 'reader'],
  ],
  ['role:member and project_id:%(member_id)s', { member_id: 'p2' }, ['other']],
  ['"public":%(visibility)s', { visibility: 'public' }, everybody],
  ["'two words':%(name)s", { name: 'two words' }, everybody],
  // Orchestration and the rest
  ['not role:heat_stack_user', {}, everybody],
  ['5:%(size)s', { size: 5 }, everybody],
  ['user_id:m%(rest)s', { rest: 'ax' }, ['member', 'behalf']],
  ['user_id:100%%', {}, []],
  // Precedence and writing
  ['role:admin or role:reader and project_id:p2', {}, ['admin', 'system', 'domain', 'other']],
  ['project_id:p2 and role:reader or role:service', {}, ['other', 'service']],
  ['not role:reader and not role:service and not is_admin:1', {}, ['behalf', 'nobody', 'anonymous']],
  ['not (role:reader or role:member)', {}, ['service', 'inner', 'nobody', 'anonymous']],
  ['not not role:service', {}, ['service']],
  ['NOT role:reader AND role:service', {}, ['service']],
  ['((role:service))', {}, ['service']],
  ['not(role:reader)and role:service', {}, ['service']],
  ['\trole:service  or\n role:nothing', {}, ['service']],
  ['role:a or role:b or role:c or role:service', {}, ['service']],
  ['role:admin and role:manager and role:member and system_scope:all', {}, ['system']],
  // The old list form
  [[], {}, everybody],
  [[[]], {}, []],
  [[['role:service']], {}, ['service']],
  [['role:service', 'system_scope:all'], {}, ['system', 'service']],
  [[['role:reader', 'project_id:p2'], ['role:service']], {}, ['other', 'service']],
  [
    [['rule:admin_required'], ['project_id:%(project_id)s']],
    { project_id: 'p2' },
    ['admin', 'system', 'domain', 'other', 'inner'],
  ],
]

test(`the language: ${table.length} rules, each asked about ${everybody.length} callers`, async (t) => {
  for (const [check, target, passes] of table) {
    await t.test(`${JSON.stringify(check)} on ${JSON.stringify(target)}`, () => {
      const text = parseRule(check).text
      const enforcer = new Enforcer([policyRules('test', { asked: { check: text, says: 'Asked.' } })])
      const allowed = everybody.filter((name) => enforcer.allowed('asked', who[name]!, target))
      assert.deepEqual(allowed, passes)
      for (const name of everybody) {
        const explained = enforcer.explain('asked', who[name]!, target)
        assert.equal(explained.allowed, passes.includes(name), `explanation for ${name}`)
        assert.equal(explained.reason.passed, explained.allowed, `tree for ${name}`)
      }
    })
  }
})

const broken: [rule: string, position: number, says: RegExp][] = [
  ['role', 0, /no colon/],
  ['role:', 5, /nothing follows "role:"/],
  ['rol:admin', 0, /did you mean "role"\?/],
  ['user:x and projct_id:%(project_id)s', 11, /did you mean "project_id"\?/],
  ['role:admin or', 13, /expected a check.*found the end/],
  ['or role:admin', 0, /expected a check.*found "or"/],
  ['role:admin role:member', 11, /expected "and", "or" or the end/],
  ['(role:admin', 11, /expected "\)" for the "\(" at character 1/],
  ['role:admin)', 10, /found "\)"/],
  ['()', 1, /expected a check/],
  ['not', 3, /expected a check/],
  ["'public:%(visibility)s", 0, /quote ' is not closed/],
  ["'public'x:%(visibility)s", 8, /expected ":" after the quote/],
  ['user_id:%(user_id', 8, /should be %\(name\)s/],
  ['user_id:%(user_id)d', 8, /should be %\(name\)s/],
  ['http://policy.example/%(x)s', 0, /not supported/],
  ['field:networks', 6, /expected field:/],
  ['field:port:name=~[', 17, /Invalid regular expression/],
]

test('a rule that cannot be read says where and why', () => {
  for (const [rule, position, says] of broken) {
    assert.throws(
      () => parseRule(rule),
      (error) => {
        assert.ok(error instanceof PolicyParseError, rule)
        assert.equal(error.position, position, rule)
        assert.match(error.message, says)
        return true
      },
    )
  }
})
