// Packs the program into a few files, so that it starts in a fraction of the time that its many sources take to load.
// The launcher runs this when a source is newer than the pack; without a pack the sources run as they are.
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { projectRoot } from '../eden/root.ts'

const target = join(projectRoot, 'node_modules/.cache/cloudos')
const fresh = `${target}-${process.pid}`

await build({
  entryPoints: [join(projectRoot, 'cloud/main.ts')],
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  outExtension: { '.js': '.mjs' },
  // Native code, and what only developers' commands load, stay where they are.
  external: ['koffi', 'pg-native', 'esbuild'],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'error',
})
rmSync(target, { recursive: true, force: true })
renameSync(fresh, target)
