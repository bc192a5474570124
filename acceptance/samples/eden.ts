// Samples of everything that Eden itself writes.
import type { Sample } from './sample.ts'

export const edenSamples: Sample[] = [
  {
    ask: 'POST /eden/1/{ownProject}/webhooks',
    body: { webhook: { url: 'https://sampled.example/', secret: 'sixteen letters or more', enabled: false } },
    keeps: { webhook: 'webhook.id' },
  },
  { ask: 'PATCH /eden/1/{ownProject}/webhooks/{webhook}', body: { webhook: { types: ['volume'] } } },
  { ask: 'DELETE /eden/1/{ownProject}/webhooks/{webhook}' },
  {
    ask: 'POST /v3/volumes',
    of: 'volume',
    body: { volume: { name: 'sampled', size: 1 } },
    prepares: true,
    holds: 'volume.create make',
    keeps: { volume: 'volume.id' },
  },
  {
    ask: 'GET /eden/1/{ownProject}/job_list',
    prepares: true,
    keeps: { job: 'job.0.id' },
  },
  { ask: 'POST /eden/1/{ownProject}/job_list/{job}/cancel' },
  { ask: 'POST /eden/1/{ownProject}/job_list/{job}/cancel', refuses: 409 },
]
