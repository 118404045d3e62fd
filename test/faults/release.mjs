// @ts-check
/**
 * Other releases of the processor: a copy of what is compiled, with patches, in a folder of its own. Two processes then run
 * two releases of the same program at the same time.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
// Not from support/stack.mjs, which ends the process at SIGTERM in its own way.
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const present = join(root, 'processor/dist');

/** Loads compiled modules of a release; of this one where no folder is named. @param {string} [folder] */
export const releaseOf =
  (folder = present) =>
  (/** @type {string} */ path) =>
    require(join(folder, path));

/**
 * Makes a release. Each patch replaces a text that must be in the compiled file exactly once.
 * @param {string} folder where it is to lie, new
 * @param {{ file: string, find: string, replace: string }[]} patches
 * @returns {string} what `releaseOf` takes
 */
export function makeRelease(folder, patches) {
  const dist = join(folder, 'processor/dist');
  mkdirSync(join(folder, 'processor'), { recursive: true });
  cpSync(present, dist, { recursive: true });
  // Dependencies are found above the file that asks for them.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'processor/node_modules'), join(folder, 'processor/node_modules'));
  for (const { file, find, replace } of patches) {
    const path = join(dist, file);
    const before = readFileSync(path, 'utf8');
    if (before.split(find).length !== 2)
      throw new Error(`${file} does not hold ${JSON.stringify(find)} exactly once; mend the patch`);
    writeFileSync(
      path,
      before.replace(find, () => replace),
    );
  }
  return dist;
}
