// Adds to package-lock.json the platform packages of optional dependencies that the registry at hand does not have.
// npm leaves them out of the lock and `npm ci` then refuses it. Run by `npm run lock`; test/lock.test.ts guards the result.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Optional dependencies that no lock entry answers, as `{ name, version, engines, dev }`. */
export function missingFrom(lock) {
  const missing = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!placesOf(path, name).some(place => lock.packages[place])) missing.push({ name, version, by: entry });
    }
  }
  return missing;
}

/** Where node's resolution, and so npm's lock, looks for `name` required from `path`. */
function placesOf(path, name) {
  const places = [];
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    places.push(`${base && `${base}/`}node_modules/${name}`);
    if (base === '') return places;
  }
}

/** `@biomejs/cli-linux-x64-musl` runs on linux, x64, musl. */
function platformOf(name) {
  const [, os, cpu, musl] = /-(android|darwin|linux|win32|freebsd)-(x64|arm64|ia32)(-musl)?$/.exec(name) ?? [];
  if (!os) throw new Error(`${name}: not a platform package, so the lock cannot be completed by hand`);
  return { cpu: [cpu], ...(os === 'linux' && { libc: [musl ? 'musl' : 'glibc'] }), os: [os] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(import.meta.dirname, '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingFrom(lock);
  for (const { name, version, by } of missing) {
    const { cpu, libc, os } = platformOf(name);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu,
      ...(by.dev && { dev: true }),
      ...(libc && { libc }),
      license: by.license,
      optional: true,
      os,
      ...(by.engines && { engines: by.engines }),
    };
  }
  const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  if (missing.length > 0) writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} platform packages added`);
}
