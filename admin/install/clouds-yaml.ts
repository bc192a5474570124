// The credentials file that OpenStack's clients look for, in which other clouds' entries stay as they are.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Document, parseDocument } from 'yaml'

export const cloudName = 'cloudos'

export const cloudsYamlPath = () =>
  join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'openstack', 'clouds.yaml')

export interface CloudEntry {
  authUrl: string
  password: string
  region: string
}

const read = (path: string): Document =>
  existsSync(path) ? (parseDocument(readFileSync(path, 'utf8')) as unknown as Document) : new Document({ clouds: {} })

function write(path: string, document: Document) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const next = `${path}.new`
  writeFileSync(next, String(document), { mode: 0o600 })
  renameSync(next, path)
}

/** The password that the file holds for this cloud. */
export function knownPassword(authUrl: string, path = cloudsYamlPath()): string | undefined {
  const auth = (read(path).toJS() as { clouds?: Record<string, { auth?: Record<string, string> }> } | null)?.clouds?.[
    cloudName
  ]?.auth
  return auth?.auth_url === authUrl ? auth.password : undefined
}

export function writeCloudEntry(entry: CloudEntry, path = cloudsYamlPath()): void {
  const document = read(path)
  document.setIn(
    ['clouds', cloudName],
    document.createNode({
      auth: {
        auth_url: entry.authUrl,
        username: 'admin',
        password: entry.password,
        project_name: 'admin',
        user_domain_name: 'Default',
        project_domain_name: 'Default',
      },
      region_name: entry.region,
      identity_api_version: 3,
    }),
  )
  write(path, document)
}

export function removeCloudEntry(path = cloudsYamlPath()): void {
  if (!existsSync(path)) return
  const document = read(path)
  document.deleteIn(['clouds', cloudName])
  const left = (document.toJS() as { clouds?: object } | null)?.clouds ?? {}
  if (Object.keys(left).length === 0) rmSync(path)
  else write(path, document)
}
