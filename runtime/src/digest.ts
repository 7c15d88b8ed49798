// Keyed digests: equal calls have equal digests, and nobody without the key can guess what was in them.
// The key is made once per project and stays in its state folder; without a folder it lives as long as the process.

import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Signature, signatureText } from './signature.ts';

let processKey: Buffer | undefined;
const keys = new Map<string, Buffer>();

/** The key of a project; made with mode 0600 if there is none. Falls back to the process's own if it cannot be kept. */
export const digestKey = (stateDir: string | undefined): Buffer => {
  if (stateDir === undefined) {
    processKey ??= randomBytes(32);
    return processKey;
  }
  const known = keys.get(stateDir);
  if (known) return known;
  const key = fileKey(join(stateDir, 'key'), stateDir);
  keys.set(stateDir, key);
  return key;
};

const fileKey = (path: string, folder: string): Buffer => {
  const read = (): Buffer | undefined => {
    try {
      const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
      return key.length === 32 ? key : undefined;
    } catch {
      // Not there (yet): made below.
      return undefined;
    }
  };
  const there = read();
  if (there) return there;
  const fresh = randomBytes(32);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, fresh.toString('base64url'), { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch {
    // Another process was faster, or the folder is read-only.
    return read() ?? digestKey(undefined);
  }
};

/** 96 bits of HMAC-SHA256, base64url: of a signature, or of any text. */
export const digestOf = (key: Buffer, of: Signature | string): string => {
  const hmac = createHmac('sha256', key).update(typeof of === 'string' ? of : signatureText(of));
  return hmac.digest('base64url').slice(0, 16);
};
