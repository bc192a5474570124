// Stands in for a QEMU program that was caught while it started: it greets on all its sockets and never answers.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface MuteProgram {
  /** Folder of the program. */
  folder: string
  /** The program: mute the first time that it is given a socket, `real` from then on. */
  path: string
  /** A file that is there once the mute one was. */
  wasHere: string
}

/** Makes a program that has the name of `real`; removed after the test. */
export async function muteProgram(t: TestContext, name: string, real: string): Promise<MuteProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'mute-'))
  t.after(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o777) // Programs may run as another user.
  const wasHere = join(folder, 'was-here')
  const script = join(folder, 'mute.mjs')
  const path = join(folder, name)
  await writeFile(
    script,
    `import { once } from 'node:events'
    import { writeFileSync } from 'node:fs'
    import { createServer } from 'node:net'
    for (const text of process.argv.slice(2)) {
      const path = /(?:^socket,.*|addr\\.)path=([^,]*)/.exec(text)?.[1]
      if (path) await once(createServer((client) => client.write('{"QMP":{}}\\n')).listen(path), 'listening')
    }
    const pidFile = process.argv.indexOf('--pidfile')
    if (pidFile > 0) writeFileSync(process.argv[pidFile + 1], String(process.pid))`,
  )
  const shell = `#!/bin/bash
    [[ -e ${wasHere} || "$*" != *socket,* ]] && exec ${real} "$@"
    touch ${wasHere}
    exec -a ${name} ${process.execPath} ${script} "$@"`
  await writeFile(path, shell, { mode: 0o755 })
  return { folder, path, wasHere }
}
