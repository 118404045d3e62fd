#!/usr/bin/env node
/** Takes out of processor/dist what no source makes any more: tsc leaves it, and a stale `x.js` would shadow a folder `x/`. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const processor = fileURLToPath(new URL('../processor/', import.meta.url));

/** @param {string} folder below src and dist @returns {boolean} whether anything is left in it */
function prune(folder) {
  let kept = false;
  for (const entry of readdirSync(join(processor, 'dist', folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const keep = entry.isDirectory()
      ? prune(path)
      : existsSync(join(processor, 'src', path.replace(/\.(js|d\.ts)(\.map)?$/, '.ts')));
    if (keep) kept = true;
    else rmSync(join(processor, 'dist', path), { recursive: true });
  }
  return kept;
}
prune('');
