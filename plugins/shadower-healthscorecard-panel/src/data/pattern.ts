/**
 * Test for names separated by commas, in which `*` stands for any text. Upper and lower case are the same. Without any
 * name nothing matches.
 */
export function matcher(patterns: string): (name: string) => boolean {
  const tests = patterns
    .split(',')
    .map((p) => p.trim())
    .filter((p) => p !== '')
    .map((p) => new RegExp(`^${p.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`, 'is'));
  return (name) => tests.some((test) => test.test(name));
}
