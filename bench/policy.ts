// How long one authorization takes, for rules as services use them. Run: node bench/policy.ts

import { Enforcer } from '../eden/policy/enforcer.ts'
import { persona, personaPlace } from '../eden/policy/personas.ts'
import { policyRules } from '../eden/policy/rules.ts'

const table = policyRules('bench', {
  'servers:create': { check: 'rule:project_member_or_admin', says: 'A typical rule.', scope: ['project'] },
  get_network: { check: 'rule:project_reader_or_admin or field:networks:shared=True', says: 'A rule with a field.' },
  get_image: {
    check:
      "role:admin or (role:reader and (project_id:%(owner)s or project_id:%(member_id)s or 'public':%(visibility)s))",
    says: 'A long rule.',
  },
})
const enforcer = new Enforcer([table], { files: [{ path: '/nonexistent/policy.yaml' }] })
const member = persona('project-member')
const stranger = persona('other-project-member')
const row = {
  id: 'x',
  projectId: personaPlace.projectId,
  owner: personaPlace.projectId,
  visibility: 'private',
  shared: false,
}
const rounds = 2_000_000

for (const rule of Object.keys(table.rules)) {
  for (const [name, who] of Object.entries({ member, stranger })) {
    const best = Math.min(...[1, 2, 3, 4].map(() => run(rule, who)))
    console.log(`${rule.padEnd(16)} ${name.padEnd(9)} ${best.toFixed(0)} ns`)
  }
}

function run(rule: string, who: typeof member): number {
  const started = performance.now()
  let allowed = 0
  for (let i = 0; i < rounds; i++) if (enforcer.allowed(rule, who, row)) allowed++
  const perCall = ((performance.now() - started) * 1e6) / rounds
  if (allowed !== 0 && allowed !== rounds) throw new Error('the answer changed between calls')
  return perCall
}
