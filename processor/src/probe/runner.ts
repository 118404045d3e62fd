/** Runs the suites of probes: in their order, within limits, and with a result for every test, run or not. */
import { performance } from 'node:perf_hooks';
import type { ProbeOutcome } from '../domains/define';
import { ShadowerError } from '../errors';
import type { Target } from './config';
import { StepFailure, certificate, isSecure, request, resolve, tcp, type Address, type Answer } from './steps';

export const SUITES = ['comprehensive', 'connectivity', 'security', 'performance', 'contract'] as const;
export type Suite = (typeof SUITES)[number];

/** Codes are stable; messages never hold a header's value nor a value of the answer. */
export type ProbeResult = ProbeOutcome['results'][number] & { test_type: Exclude<Suite, 'comprehensive'> };
type ProbeFacts = { -readonly [K in keyof ProbeOutcome['facts'][number]]: ProbeOutcome['facts'][number][K] };
export interface Prober {
  /** Throws NOT_FOUND where there is no target, RATE_LIMITED or BUSY beyond the limits. */
  run(workspace: string, entity: string, suite: Suite): Promise<ProbeOutcome>;
}

export interface ProbeLimits {
  /** Suites at one time. */
  concurrency: number;
  /** Time between two runs of the same entity, milliseconds. */
  pauseMs: number;
  /** Time for one whole run, milliseconds; what has not begun by then is skipped. */
  runMs: number;
}
export const PROBE_LIMITS: ProbeLimits = { concurrency: 2, pauseMs: 10_000, runMs: 60_000 };

const fail = (code: string, message: string): never => {
  throw new StepFailure('failed', code, message);
};
const DAY = 86_400;

/** The tests of one target, one after the other, so that it never has more than one connection of ours. */
class TargetProbe {
  readonly results: ProbeResult[] = [];
  readonly facts: ProbeFacts;
  private address?: Address;
  private readonly answers: Answer[] = [];

  constructor(
    private readonly t: Target,
    private readonly suite: Suite,
    private readonly deadline: number,
  ) {
    this.facts = { target: t.name, ok: false };
  }

  async run(): Promise<void> {
    const { t } = this;
    await this.test('connectivity', 'name resolves', async () => {
      const started = performance.now();
      this.address = await resolve(t);
      this.facts.dns_ms = performance.now() - started;
    });
    // Each needs the one before it; without an address nothing else can run.
    const reached = await this.test(
      'connectivity',
      'connection opens',
      () => tcp(t, this.address!),
      this.address !== undefined,
    );
    const trusted = isSecure(t) ? await this.test('security', 'certificate is valid', () => this.tls(), reached) : true;
    const ready = reached && trusted;
    const complete = { ...t.headers, ...t.auth?.headers };
    // The requests serve several tests; each runs when its suite is asked for, and the answers are shared.
    await this.test('performance', 'answers in time', () => this.latency(complete), ready);
    await this.test('contract', 'answer is as agreed', () => this.contract(complete), ready);
    if (t.auth !== undefined) {
      await this.test('security', 'credentials are accepted', () => this.accepted(complete), ready);
      await this.test('security', 'nothing without credentials', () => this.refused(), ready);
    }
    const bad = this.results.find((r) => r.result === 'failed' || r.result === 'error');
    this.facts.ok = bad === undefined;
    if (bad?.code !== undefined) this.facts.error_code = bad.code;
  }

  /** Whether it passed. A test of another suite runs unseen when later ones stand on it. */
  private async test(
    test_type: ProbeResult['test_type'],
    test_name: string,
    work: () => Promise<void>,
    possible = true,
  ): Promise<boolean> {
    const wanted = this.suite === 'comprehensive' || this.suite === test_type;
    const basis =
      test_name === 'name resolves' || test_name === 'connection opens' || test_name === 'certificate is valid';
    if (!wanted && !basis) return true;
    const { name: target, method, endpoint } = this.t;
    const common = { target, method, test_type, test_name, ...(endpoint === undefined ? {} : { endpoint }) };
    const started = performance.now();
    const record = (rest: Pick<ProbeResult, 'result'> & Partial<ProbeResult>): boolean => {
      // What was not asked for is only told when it stands in the way.
      if (wanted || (rest.result !== 'passed' && rest.result !== 'skipped'))
        this.results.push({ ...common, duration_ms: Math.round((performance.now() - started) * 100) / 100, ...rest });
      return rest.result === 'passed';
    };
    if (!possible)
      return record({ result: 'skipped', code: 'not_reached', message: 'a test that it stands on did not pass' });
    if (Date.now() > this.deadline)
      return record({ result: 'skipped', code: 'out_of_time', message: 'the run took too long' });
    try {
      await work();
      return record({ result: 'passed' });
    } catch (e) {
      if (e instanceof StepFailure) return record({ result: e.result, code: e.code, message: e.message });
      return record({ result: 'error', code: 'internal', message: (e as Error).message });
    }
  }

  private async tls(): Promise<void> {
    const found = await certificate(this.t, this.address!);
    this.facts.tls_valid = found.valid;
    if (found.expires !== undefined) this.facts.tls_expires_at = found.expires;
    if (!found.valid)
      fail(found.problem ?? 'tls_invalid', `the certificate is not valid for the host: ${found.problem}`);
    const days = ((found.expires ?? 0) - Date.now() / 1000) / DAY;
    if (days < this.t.expect.tls_days)
      fail(
        'tls_expires',
        `the certificate expires in ${days.toFixed(1)} days; ${this.t.expect.tls_days} are asked for`,
      );
  }

  /** The first answer; asked for once. */
  private async answer(headers: Readonly<Record<string, string>>): Promise<Answer> {
    const first = this.answers[0];
    if (first !== undefined) return first;
    const answer = await request(this.t, this.address!, headers);
    this.answers.push(answer);
    return answer;
  }

  private async latency(headers: Readonly<Record<string, string>>): Promise<void> {
    for (let i = 0; i < this.t.samples; i++) this.answers.push(await request(this.t, this.address!, headers));
    const sorted = this.answers.map((a) => a.ms).sort((a, b) => a - b);
    const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
    this.facts.latency_ms = median;
    const limit = this.t.expect.latency_ms;
    if (median > limit)
      fail('slow', `the median of ${sorted.length} requests is ${median.toFixed(0)} ms; the limit is ${limit}`);
  }

  private async contract(headers: Readonly<Record<string, string>>): Promise<void> {
    const { expect, shape, method } = this.t;
    const a = await this.answer(headers);
    this.facts.latency_ms ??= a.ms;
    if (!expect.status.includes(a.status))
      fail(
        'status',
        `the status is ${a.status}; agreed is ${expect.status.join(' or ')}${a.status >= 300 && a.status < 400 ? ' (redirects are not followed)' : ''}`,
      );
    if (expect.content_type !== undefined && !a.contentType.toLowerCase().startsWith(expect.content_type.toLowerCase()))
      fail(
        'content_type',
        `the content type is ${a.contentType.slice(0, 100) || '(none)'}; agreed is ${expect.content_type}`,
      );
    if (shape === undefined || method === 'HEAD') return;
    let json: unknown;
    try {
      json = JSON.parse(a.body.toString('utf8'));
    } catch {
      fail('not_json', 'the body is not JSON');
    }
    if (!shape(json)) {
      const e = shape.errors?.[0];
      // Where and what, never the value: answers hold data.
      fail('shape', `the body is not as agreed: ${e?.instancePath || '/'} ${e?.message ?? 'differs'}`);
    }
  }

  private async accepted(headers: Readonly<Record<string, string>>): Promise<void> {
    const { status } = await this.answer(headers);
    if (this.t.auth!.refused.includes(status)) fail('refused', `the credentials are refused with status ${status}`);
  }

  private async refused(): Promise<void> {
    const { status } = await request(this.t, this.address!, this.t.headers);
    if (!this.t.auth!.refused.includes(status))
      fail('open', `without credentials the status is ${status}; ${this.t.auth!.refused.join(' or ')} is expected`);
  }
}

/** Runs suites against `targets`, and nothing else. */
export function createProber(
  targets: readonly Target[],
  limits: ProbeLimits = PROBE_LIMITS,
  clock: () => number = Date.now,
): Prober {
  const last = new Map<string, number>();
  let running = 0;
  return {
    async run(workspace, entity, suite) {
      const own = targets.filter((t) => t.workspace === workspace && t.entity === entity);
      if (own.length === 0)
        throw new ShadowerError(
          'NOT_FOUND',
          `no probe target is configured for ${entity.slice(0, 256)} in this workspace`,
        );
      const key = JSON.stringify([workspace, entity]);
      const wait = (last.get(key) ?? -Infinity) + limits.pauseMs - clock();
      if (wait > 0)
        throw new ShadowerError(
          'RATE_LIMITED',
          `${entity} was probed just now; try again in ${Math.ceil(wait / 1000)} s`,
        );
      if (running >= limits.concurrency)
        throw new ShadowerError('BUSY', `${limits.concurrency} suites of probes are running`);
      last.set(key, clock());
      running++;
      try {
        const deadline = Date.now() + limits.runMs;
        const probes = own.map((t) => new TargetProbe(t, suite, deadline));
        for (const p of probes) await p.run();
        return { results: probes.flatMap((p) => p.results), facts: probes.map((p) => p.facts) };
      } finally {
        running--;
      }
    },
  };
}
