// Makes the symbolic links that a build of PostgreSQL lists. Arguments are the packages' folders.
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

for (const folder of process.argv.slice(2)) {
  for (const { source, target } of JSON.parse(readFileSync(join(folder, 'native/pg-symlinks.json')))) {
    rmSync(join(folder, target), { force: true })
    symlinkSync(relative(dirname(target), source), join(folder, target))
  }
}
