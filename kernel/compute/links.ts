// The links that Nova puts beside every resource, and those between the pages of a list.
import type { Call } from '../../eden/call.ts'
import type { Input } from '../../eden/http/request.ts'
import { nextPage } from '../../eden/resource/listing.ts'

export const links = (call: Call, path: string) => [
  { rel: 'self', href: `${call.origin}/v2.1/${path}` },
  { rel: 'bookmark', href: `${call.origin}/${path}` },
]

/** `{servers_links: […]}` where there may be another page, else nothing. */
export function pageLinks(
  call: Call,
  input: Pick<Input, 'queryAll'>,
  page: { path: string; name: string; limit: number; items: { id: string }[] },
): Record<string, unknown> {
  const last = page.items.at(-1)
  if (!last || page.items.length < page.limit) return {}
  const href = `${call.origin}/v2.1/${page.path}?${nextPage(input, last.id)}`
  return { [`${page.name}_links`]: [{ rel: 'next', href }] }
}

/** Times as Nova writes them: `2026-11-22T20:00:00Z`. */
export const novaTime = (iso: string) => `${iso.slice(0, 19)}Z`

/** Times of the older extensions: without a zone, with microseconds. */
export const plainTime = (iso: string | null) => (iso === null ? null : `${iso.slice(0, 23)}000`)
