/** Checks with a name each, one line a check, and a tally that the runner reads. */
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check; a throw is its failure and does not end the others. Returns what it returned, undefined after a failure. */
export async function check(name, run) {
  const started = Date.now();
  try {
    const result = await run();
    total.passed++;
    process.stdout.write(`ok      ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
    return result;
  } catch (e) {
    total.failed++;
    process.stdout.write(`FAILED  ${name}\n${String(e?.stack ?? e).replace(/^/gm, '        ')}\n`);
    return undefined;
  }
}

/** Says loudly that something could not be checked here. */
export function skip(what, why, checks = 1) {
  total.skipped += checks;
  process.stdout.write(`SKIPPED: ${what}: ${why}\n`);
}

/** Runs the whole file's work, prints the tally and ends the process. */
export async function main(work) {
  try {
    await work();
  } catch (e) {
    total.failed++;
    process.stdout.write(`FAILED  outside of a check\n${String(e?.stack ?? e).replace(/^/gm, '        ')}\n`);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  // Whatever is still open (a broken stack, say) must not keep the runner waiting.
  process.exit(total.failed === 0 ? 0 : 1);
}
