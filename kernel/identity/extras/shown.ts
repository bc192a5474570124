// Objects and collections as Keystone shows them: the declared fields, what the caller added, and links.
import type { Call } from '../../../eden/call.ts'
import type { Input } from '../../../eden/http/request.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { view } from '../../../eden/resource/view.ts'
import type { Extra } from './extra.ts'

/** Absolute address of something below `/v3/`. */
export const linkTo = (call: Call, path: string) => `${call.origin}/v3/${path}`

/** The row with `links.self` at `/v3/PLACE/ID`. Fields in `unlessNull` are left out while they have no value. */
export function shown<F>(
  call: Call,
  resource: Resource<F>,
  row: Record<string, unknown>,
  place: string = resource.plural,
  unlessNull: readonly string[] = [],
): Record<string, unknown> {
  const fields = view(resource, row, call)
  for (const name of unlessNull) if (fields[name] === null) delete fields[name]
  return { ...(row.extra as Extra | undefined), ...fields, links: { self: linkTo(call, `${place}/${row.id}`) } }
}

/** `{"projects": […], "links": {"self", "previous", "next"}}`; `next` where there is another page. */
export function collection(
  call: Call,
  input: Pick<Input, 'queryAll'>,
  place: string,
  name: string,
  items: unknown[],
  next?: string,
): Record<string, unknown> {
  const query = input.queryAll.toString()
  const self = linkTo(call, place)
  return {
    [name]: items,
    links: {
      self: query ? `${self}?${query}` : self,
      previous: null,
      next: next === undefined ? null : `${self}?${next}`,
    },
  }
}
