// Eden seen as a service of its own: jobs, services and their load, the change log, webhooks, and reasons.
import { Type } from 'typebox'
import type { Assembly } from '../assembly.ts'
import { deliverWebhooks, webhook } from '../changes/webhook.ts'
import { reconciler } from '../jobs/reconciler.ts'
import { bodyOf, wrapped } from '../resource/input.ts'
import { routes, service } from '../service.ts'
import { listChanges, showHistory, streamChanges, upgradeToChanges } from './changes.ts'
import { type EdenSettings, edenSettings } from './config.ts'
import type { EdenContext } from './context.ts'
import { showOpenApi } from './documents.ts'
import { explain } from './explain.ts'
import { cancelJob, listJobs, showJob } from './jobs.ts'
import { edenPolicy } from './policy.ts'
import { prune } from './retention.ts'
import { listServices } from './services.ts'
import { showVersions } from './versions.ts'
import { createWebhook, deleteWebhook, listWebhooks, showWebhook, updateWebhook } from './webhooks.ts'

const r = routes<EdenContext>()
const base = '/eden/1'

export const edenService = service<EdenContext>({
  name: 'eden',
  ports: [21041],
  prefix: '/eden',
  keepsPrefix: true,
  catalog: [{ type: 'eden', name: 'eden', path: base }],
  resources: [webhook],
  policy: edenPolicy,
  settings: edenSettings,
  migrations: [{ name: '0001-webhooks', up: (schema) => schema.tables(webhook) }],
  jobs: [],
  reconcilers: [
    reconciler<EdenContext>('eden.webhooks', {
      every: '5s',
      run: ({ assembly, settings }) => deliverWebhooks(assembly.ground, settings.webhooksMayPointInward),
    }),
    reconciler<EdenContext>('eden.retention', { every: '1h', run: ({ settings }, call) => prune(call, settings) }),
  ],
  dialect: (problem) => ({ body: { error: { code: problem.status, kind: problem.kind, message: problem.message } } }),
  context: (world) => ({
    assembly: world.gift('assembly') as Assembly,
    settings: world.config as unknown as EdenSettings,
  }),
  upgrade: upgradeToChanges,
  routes: [
    r('GET', '/', showVersions, { token: 'none' }),
    r('GET', base, showVersions, { token: 'none' }),
    r('GET', `${base}/service_list`, listServices, { rule: 'eden:services' }),
    r('GET', `${base}/openapi/:service`, showOpenApi, { token: 'none' }),
    r('POST', `${base}/explain`, explain, {
      rule: 'eden:explain',
      readOnly: true,
      body: Type.Object({ rule: Type.String(), target: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }),
    }),
    r('GET', `${base}/:tenant/job_list`, listJobs, { rule: 'eden:jobs', token: 'optional' }),
    r('GET', `${base}/:tenant/job_list/:id`, showJob, { rule: 'eden:jobs', token: 'optional' }),
    r('POST', `${base}/:tenant/job_list/:id/cancel`, cancelJob, { rule: 'eden:cancel_job' }),
    r('GET', `${base}/:tenant/changes`, listChanges, { rule: 'eden:changes' }),
    r('GET', `${base}/:tenant/events`, streamChanges, { rule: 'eden:changes' }),
    r('GET', `${base}/:tenant/history/:type/:id`, showHistory, { rule: 'eden:changes' }),
    r('GET', `${base}/:tenant/webhooks`, listWebhooks, { rule: 'eden:webhooks' }),
    r('GET', `${base}/:tenant/webhooks/:id`, showWebhook, { rule: 'eden:webhooks' }),
    r('POST', `${base}/:tenant/webhooks`, createWebhook, {
      rule: 'eden:edit_webhooks',
      body: wrapped('webhook', bodyOf(webhook, { for: 'create', required: ['url', 'secret'] })),
    }),
    r('PATCH', `${base}/:tenant/webhooks/:id`, updateWebhook, {
      rule: 'eden:edit_webhooks',
      body: wrapped('webhook', bodyOf(webhook, { for: 'update' })),
    }),
    r('DELETE', `${base}/:tenant/webhooks/:id`, deleteWebhook, { rule: 'eden:edit_webhooks' }),
  ],
})
