// Packages the extension and checks what is in the package: only what is meant to ship, and within its sizes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');

/** Limits in bytes. */
const VSIX = 3_000_000;
const EXTENSION = 500_000;
const WEBVIEW = 150_000;

/** What may be in the package, as patterns of paths. The packer has its own spelling of what the marketplace shows. */
const ALLOWED = [
  /^(package\.json|package\.nls(\.[\w-]+)?\.json|readme\.md|changelog\.md|LICENSE\.txt)$/,
  /^l10n\/bundle\.l10n(\.[\w-]+)?\.json$/,
  /^media\/[\w-]+\.(png|webp)$/,
  /^media\/config\.schema\.json$/,
  /^dist\/(extension|server|cli|ts-morph)\.js$/,
  /^dist\/[\w-]+\.wasm$/,
  /^dist\/webview\/[\w-]+\.(js|css)$/,
];
const REQUIRED = [
  'package.json',
  'LICENSE.txt',
  'readme.md',
  'changelog.md',
  'media/icon.png',
  'dist/extension.js',
  'dist/server.js',
].concat(['dist/webview/panel.js', 'dist/webview/panel.css', 'dist/webview/graph.js', 'dist/webview/graph.css']);

/** Makes the .vsix and returns its path. */
export const makePackage = out => {
  const file = path.join(out, 'loopbound.vsix');
  const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', file];
  execFileSync(process.execPath, [vsce, 'package', ...options], { cwd: root, encoding: 'utf8' });
  return file;
};

/** The files of the extension in a .vsix, as its directory lists them. */
const filesIn = vsix => {
  const zip = fs.readFileSync(vsix);
  const end = zip.lastIndexOf('PK\x05\x06');
  const files = [];
  for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const length = zip.readUInt16LE(at + 28);
    files.push(zip.toString('utf8', at + 46, at + 46 + length));
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  // Beside them only what every .vsix has.
  return files.filter(file => file.startsWith('extension/')).map(file => file.slice('extension/'.length));
};

/** Throws unless the package holds what it should, and no more. Returns sizes for the log. */
export const checkPackage = vsix => {
  const files = filesIn(vsix);
  const foreign = files.filter(file => !ALLOWED.some(pattern => pattern.test(file)));
  assert.deepEqual(foreign, [], 'files in the package that do not belong there');
  const missing = REQUIRED.filter(file => !files.includes(file));
  assert.deepEqual(missing, [], 'files missing in the package');
  const sizes = { vsix: fs.statSync(vsix).size, extension: fs.statSync(path.join(root, 'dist/extension.js')).size };
  assert.ok(sizes.vsix < VSIX, `the .vsix has ${sizes.vsix} bytes, more than ${VSIX}`);
  assert.ok(sizes.extension < EXTENSION, `dist/extension.js has ${sizes.extension} bytes, more than ${EXTENSION}`);
  for (const file of files.filter(name => name.startsWith('dist/webview/'))) {
    const { size } = fs.statSync(path.join(root, file));
    assert.ok(size < WEBVIEW, `${file} has ${size} bytes, more than ${WEBVIEW}`);
  }
  return sizes;
};
