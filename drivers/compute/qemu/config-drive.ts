// Writes a guest's config drive: an ISO 9660 image labelled `config-2`, as cloud-init looks for it.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runLimited } from '../../../eden/process/limited-tool.ts'
import { type QemuSettings, toolLimits } from './options.ts'
import { makeFileForGuest } from './root-disk.ts'

type Files = Record<string, string | Uint8Array>

/** The same for the same content; lets a drive be rebuilt only when it changed. */
export function configDigest(files: Files): string {
  const hash = createHash('sha256')
  for (const path of Object.keys(files).sort()) {
    const content = Buffer.from(files[path]!)
    hash.update(`${path.length}:${path}${content.length}:`).update(content)
  }
  return hash.digest('hex')
}

/** Makes or replaces the drive at `path`; a crash in between leaves the old one. */
export async function makeConfigDrive(settings: QemuSettings, path: string, files: Files): Promise<void> {
  const tree = await mkdtemp(join(dirname(path), 'config-'))
  try {
    await writeTree(tree, files)
    await makeFileForGuest(settings, `${path}.new`)
    // As the driver's own user: the tree may hold a password and is nobody else's to read.
    const args = ['-quiet', '-output', `${path}.new`, '-volid', 'config-2', '-joliet', '-rational-rock', '-ldots', tree]
    const limits = { ...toolLimits(settings, settings.limits.toolCpuSeconds), runAs: undefined }
    await runLimited(settings.genisoimageBinary, args, limits)
    await rename(`${path}.new`, path)
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}

async function writeTree(tree: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`a config drive cannot hold a file at ${JSON.stringify(path)}`)
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), content)
  }
}
