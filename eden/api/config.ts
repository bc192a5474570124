// The settings of Eden itself.
import { setting, settings, type ValuesOf } from '../config/setting.ts'

export const edenSettings = settings('eden', {
  webhooksMayPointInward: setting({
    type: 'flag',
    default: false,
    says: 'May webhooks point at loopback, private and link-local addresses?',
  }),
  requestsPerSecond: setting({
    type: 'integer',
    default: 0,
    min: 0,
    says: 'Requests a second that one user, or one address without a token, may send to each service; 0 is without limit.',
  }),
  changesKeptDays: setting({
    type: 'integer',
    default: 365,
    min: 1,
    unit: 'days',
    says: 'How long the change log is kept.',
  }),
  jobsKeptDays: setting({ type: 'integer', default: 90, min: 1, unit: 'days', says: 'How long ended jobs are kept.' }),
})

export type EdenSettings = ValuesOf<typeof edenSettings>
