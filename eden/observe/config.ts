// What operators may set about logs and traces.

import { setting, settings } from '../config/setting.ts'

export const observeSettings = settings('observe', {
  logLevel: setting({
    type: 'oneOf',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    says: 'The least important kind of log line that is written.',
  }),
  logFormat: setting({
    type: 'oneOf',
    values: ['auto', 'json', 'pretty'],
    default: 'auto',
    says: 'One JSON object per line, or lines for people; auto is pretty on a terminal and json elsewhere.',
  }),
  logFile: setting({ type: 'path', says: 'Writes the log to this file instead of standard error.' }),
  otlpEndpoint: setting({
    type: 'url',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    says: 'Where spans are sent by OTLP over HTTP, like http://collector:4318; without it no spans are made.',
  }),
  otlpHeaders: setting({
    type: 'secret',
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    says: 'Headers sent along with spans, as name=value pairs with commas between them.',
  }),
})
