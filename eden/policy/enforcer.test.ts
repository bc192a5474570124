// Overrides, reloading, explanations, scopes and the mistakes that must be refused.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Enforcer } from './enforcer.ts'
import { forCaller } from './explain.ts'
import { PolicyFileError } from './overrides.ts'
import { persona, personaNames, personaPlace, personas } from './personas.ts'
import { expandRoles } from './roles.ts'
import { policyRules, type RuleName } from './rules.ts'

const compute = policyRules('compute', {
  'os_compute_api:servers:create': {
    check: 'rule:project_member_or_admin',
    says: 'Start a server.',
    routes: ['POST /servers'],
    scope: ['project'],
  },
  'os_compute_api:servers:index': { check: 'rule:project_reader_or_admin', says: 'List servers.' },
  'os_compute_api:os-services:list': {
    check: 'rule:context_is_admin',
    says: 'List services.',
    deprecatedName: 'os_compute_api:os-services',
  },
  shared: { check: '@', says: 'For compute.' },
})
const identity = policyRules('identity', {
  owner: { check: 'user_id:%(target.user.id)s', says: 'Is the user in question.' },
  'identity:get_user': { check: 'rule:admin_or_owner', says: 'See a user.' },
  'identity:list_domains': { check: 'role:reader and system_scope:all', says: 'List domains.' },
  shared: { check: '!', says: 'For identity.' },
})
const ours = { project_id: personaPlace.projectId }

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'policy-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('names of rules are types', () => {
  const name: RuleName<typeof identity> = 'identity:get_user'
  assert.equal(name in identity.rules, true)
})

test('each service has its own meaning of a base rule', () => {
  const enforcer = new Enforcer([compute, identity])
  const me = { userId: 'u1', projectId: 'p1', roles: [] }
  assert.equal(enforcer.allowed('identity:get_user', me, { target: { user: { id: 'u1' } } }), true)
  assert.equal(enforcer.allowed('identity:get_user', me, { project_id: 'p1' }), false)
  assert.equal(enforcer.allowed('compute/owner', me, { project_id: 'p1' }), true)
  assert.equal(enforcer.allowed('admin_or_owner', me, { project_id: 'p1' }), true)
})

test('unknown and ambiguous names are refused loudly', () => {
  const enforcer = new Enforcer([compute, identity])
  const none = { roles: [] }
  assert.throws(
    () => enforcer.allowed('os_compute_api:servers:craete', none),
    /did you mean "os_compute_api:servers:create"/,
  )
  assert.throws(() => enforcer.allowed('shared', none), /compute\/shared or identity\/shared/)
  assert.equal(enforcer.allowed('compute/shared', none), true)
  assert.equal(enforcer.allowed('identity/shared', none), false)
})

test('faults in declared rules stop the start', () => {
  const bad = (check: string) => () =>
    new Enforcer([policyRules('x', { a: { check, says: '' }, b: { check: 'rule:a', says: '' } })])
  assert.throws(bad('rule:b'), /circle: a → b → a/)
  assert.throws(bad('rule:a'), /circle: a → a/)
  assert.throws(bad('rule:admin_requird'), /did you mean rule:admin_required\?/)
  assert.throws(bad('role'), /policy rule "a" of x: .*no colon/)
  assert.throws(() => new Enforcer([compute, compute]), /declared twice/)
})

test('a rule limited to scopes refuses tokens of another scope', () => {
  const enforcer = new Enforcer([compute])
  const allowed = personaNames.filter((name) => enforcer.allowed('os_compute_api:servers:create', persona(name), ours))
  assert.deepEqual(allowed, ['cloud-admin', 'project-admin', 'project-manager', 'project-member'])
  const why = enforcer.explain('os_compute_api:servers:create', persona('cloud-admin-system'), ours)
  assert.deepEqual(why.scope, { required: ['project'], actual: 'system', passed: false })
  assert.deepEqual(why.wouldHelp, { roles: [], scopes: ['project'], rolesInScope: [] })
})

test('an explanation shows the values compared and the least role that helps', () => {
  const enforcer = new Enforcer([compute])
  const why = enforcer.explain('os_compute_api:servers:create', persona('project-reader'), ours)
  assert.equal(why.allowed, false)
  assert.equal(why.check, 'rule:project_member_or_admin')
  assert.equal(why.isOverridden, false)
  assert.deepEqual(why.wouldHelp, { roles: ['member'], scopes: [], rolesInScope: [] })
  const member = why.reason.of![0]!.of![0]!
  assert.deepEqual(member, {
    check: 'rule:project_member_api',
    kind: 'rule',
    passed: false,
    of: [
      {
        check: 'role:member and project_id:%(project_id)s',
        kind: 'and',
        passed: false,
        of: [
          { check: 'role:member', kind: 'role', passed: false, has: ['reader'], needs: 'member' },
          {
            check: 'project_id:%(project_id)s',
            kind: 'credential',
            passed: true,
            has: personaPlace.projectId,
            needs: personaPlace.projectId,
          },
        ],
      },
    ],
  })
  assert.deepEqual(Object.keys(forCaller(why)).sort(), ['allowed', 'check', 'rule', 'says', 'wouldHelp'])
})

test('what would help: a project, a role with a scope, nothing', () => {
  const enforcer = new Enforcer([compute, identity])
  const help = (rule: string, name: (typeof personaNames)[number]) =>
    enforcer.explain(rule, persona(name), ours).wouldHelp
  assert.deepEqual(help('os_compute_api:servers:index', 'other-project-member'), {
    roles: ['admin'],
    scopes: ['project'],
    rolesInScope: [],
  })
  assert.deepEqual(help('identity:list_domains', 'unscoped').rolesInScope, [{ role: 'reader', scope: 'system' }])
  assert.deepEqual(help('identity:list_domains', 'cloud-admin').scopes, ['system'])
  assert.deepEqual(help('identity/shared', 'cloud-admin'), { roles: [], scopes: [], rolesInScope: [] })
  assert.deepEqual(help('os_compute_api:servers:index', 'cloud-admin'), { roles: [], scopes: [], rolesInScope: [] })
})

test('a file overrides rules, base rules and old names, and may add its own', (t) => {
  const path = join(folder(t), 'policy.yaml')
  writeFileSync(
    path,
    [
      '# as operators write it',
      '"os_compute_api:servers:create": "rule:vip and rule:project_member_api"',
      '"vip": "role:vip"',
      '"os_compute_api:os-services": "role:auditor"',
      '"context_is_admin": "role:root"',
      '"os_compute_api:servers:indx": "!"',
      '"os_compute_api:servers:index": [["role:reader", "project_id:%(project_id)s"], ["role:auditor"]]',
    ].join('\n'),
  )
  const problems: string[] = []
  const enforcer = new Enforcer([compute], {
    files: [{ path }],
    onProblem: (problem) => problems.push(problem.message),
  })
  const member = persona('project-member')
  assert.equal(enforcer.allowed('os_compute_api:servers:create', member, ours), false)
  assert.equal(enforcer.allowed('os_compute_api:servers:create', { ...member, roles: ['vip', 'member'] }, ours), true)
  assert.equal(enforcer.allowed('os_compute_api:os-services:list', { roles: ['auditor'] }), true)
  assert.equal(enforcer.allowed('os_compute_api:os-services:list', { roles: ['root'] }), false)
  assert.equal(enforcer.allowed('admin_api', { roles: ['root'] }), true)
  assert.equal(enforcer.allowed('admin_api', persona('cloud-admin')), false)
  assert.equal(enforcer.allowed('os_compute_api:servers:index', { roles: ['auditor'] }, ours), true)
  const why = enforcer.explain('os_compute_api:servers:create', member, ours)
  assert.equal(why.isOverridden, true)
  assert.deepEqual(why.overriddenAt, { path, line: 2 })
  assert.equal(why.defaultCheck, 'rule:project_member_or_admin')
  assert.deepEqual(problems, [
    `${path}, line 6: nothing uses the rule "os_compute_api:servers:indx"; did you mean "os_compute_api:servers:index"?`,
  ])
})

test('a file for one service leaves the others alone and outweighs the file for all', (t) => {
  const here = folder(t)
  writeFileSync(join(here, 'all.yaml'), 'shared: role:all')
  writeFileSync(join(here, 'identity.yaml'), 'shared: role:one')
  const enforcer = new Enforcer([compute, identity], {
    files: [{ path: join(here, 'identity.yaml'), service: 'identity' }, { path: join(here, 'all.yaml') }],
  })
  assert.equal(enforcer.allowed('compute/shared', { roles: ['all'] }), true)
  assert.equal(enforcer.allowed('identity/shared', { roles: ['all'] }), false)
  assert.equal(enforcer.allowed('identity/shared', { roles: ['one'] }), true)
})

test("a file for all speaks of each service with that service's own rules", (t) => {
  const path = join(folder(t), 'policy.yaml')
  writeFileSync(
    path,
    '"identity:get_user": "rule:self"\n"os_compute_api:servers:create": "rule:os_compute_api:servers:index"',
  )
  const withSelf = policyRules('identity', {
    ...identity.rules,
    self: { check: 'user_id:%(target.user.id)s', says: 'Is the user.' },
  })
  const enforcer = new Enforcer([compute, withSelf], { files: [{ path }] })
  assert.equal(enforcer.allowed('identity:get_user', { userId: 'u', roles: [] }, { 'target.user.id': 'u' }), true)
  // The limit to project tokens belongs to the rule, and stays when its check is overridden.
  assert.equal(enforcer.allowed('os_compute_api:servers:create', persona('project-reader'), ours), true)
  assert.equal(enforcer.allowed('os_compute_api:servers:create', persona('cloud-admin-system'), ours), false)
  assert.equal(enforcer.explain('os_compute_api:servers:create', persona('project-reader'), ours).isOverridden, true)
})

test('a rule that refers to another takes its check, not its scopes', () => {
  const table = policyRules('x', {
    inner: { check: 'role:admin', says: 'Inner.', scope: ['system'] },
    outer: { check: 'rule:inner', says: 'Outer.', scope: ['project'] },
  })
  assert.equal(new Enforcer([table]).allowed('outer', persona('cloud-admin')), true)
})

test('a changed file counts within a second; a bad one is reported with its line and changes nothing', (t) => {
  const path = join(folder(t), 'policy.yaml')
  let now = 0
  let stamp = 1000
  const write = (text: string) => {
    writeFileSync(path, text)
    utimesSync(path, ++stamp, stamp)
  }
  const problems: Error[] = []
  const enforcer = new Enforcer([compute], { files: [{ path }], now: () => now, onProblem: (p) => problems.push(p) })
  const listed = () => enforcer.allowed('os_compute_api:servers:index', { roles: ['auditor'] })
  assert.equal(listed(), false, 'no file yet')
  write('"os_compute_api:servers:index": "role:auditor"')
  now = 999
  assert.equal(listed(), false, 'not looked at yet')
  now = 1000
  assert.equal(listed(), true)
  for (const [text, line, says] of [
    ['\n"os_compute_api:servers:index": "rol:auditor"', 2, /did you mean "role"/],
    ['"a": "rule:b"\n"b": "rule:a"', 1, /circle: a → b → a/],
    ['"a": "@"\n"b": "rule:nowhere"', 2, /does not exist/],
    ['"a": "@"\n\n"b":\n', 3, /'!' to allow nobody/],
    ['"a": "@"\n"a": "!"', 2, /unique/],
    ['"a": "@', 1, /quote/],
    ['- a', 1, /a rule file is a list of lines/],
  ] as const) {
    write(text)
    now += 1000
    assert.equal(listed(), true, `still the last good rules after ${text}`)
    const problem = enforcer.problem
    assert.ok(problem instanceof PolicyFileError, text)
    assert.equal(problem.line, line, text)
    assert.match(problem.message, says)
    now += 1000
    listed()
  }
  assert.equal(problems.length, 7, 'each bad file is reported once')
  rmSync(path)
  now += 1000
  assert.equal(listed(), false)
  assert.equal(enforcer.problem, undefined)
})

test('a bad file at the start is refused, so that a restriction is not dropped', (t) => {
  const path = join(folder(t), 'policy.yaml')
  writeFileSync(path, '"os_compute_api:servers:create": "role"')
  assert.throws(() => new Enforcer([compute], { files: [{ path }] }), /policy\.yaml, line 1: .*no colon/)
})

test('the reference lists declared rules once', () => {
  const listed = new Enforcer([compute, identity]).rules().map((rule) => `${rule.service}/${rule.name}`)
  assert.equal(new Set(listed).size, listed.length)
  for (const name of ['compute/os_compute_api:servers:create', 'identity/owner', 'compute/shared', '/admin_required']) {
    assert.ok(listed.includes(name), name)
  }
  assert.ok(!listed.includes('compute/admin_required'))
})

test('roles expand to what they include', () => {
  assert.deepEqual(expandRoles(['Admin']), ['admin', 'manager', 'member', 'reader'])
  assert.deepEqual(expandRoles(['service', 'reader']), ['service', 'reader'])
  assert.deepEqual(expandRoles(['a'], { a: ['b'], b: ['a'] }), ['a', 'b'])
})

test('every persona is in the cast once', () => {
  assert.deepEqual(
    personas().map((each) => each.name),
    [...personaNames],
  )
})
