// The image service's errors. One nested object, for that is what glanceclient, openstacksdk and tempest all read;
// a flat one breaks glanceclient, which looks for a message inside each value.
import type { ErrorDialect } from '../../eden/service.ts'

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  503: 'Service Unavailable',
}

export const imageDialect: ErrorDialect = (problem) => {
  const { status, message } = problem
  return { body: { error: { code: status, title: titles[status] ?? 'Error', message } } }
}
