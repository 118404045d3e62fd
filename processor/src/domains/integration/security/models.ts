/** The two scores: of authentication, as the source document has it (§7.1), and of security as a whole. */
import type { HealthModel, HealthTerm } from '../../define';

/** A deduction: nothing up to the limit, the whole weight beyond it. */
const beyond = (limit: number): Pick<HealthTerm, 'good' | 'bad'> => ({ good: limit, bad: limit + 1e-6 });

/**
 * 100 less 20 for more than 10 failed attempts (a day), 15 for more than 5 attempts with an expired credential, 25 without
 * a second factor, 10 when the credential is older than 90 days. The source document takes what it does not know for a
 * deduction or for none; here `unreported` takes what is left of 100 and keeps the score below healthy, so that the score
 * is exactly the document's when all is known, and never green when it is not.
 */
export const authModel: HealthModel = {
  terms: [
    {
      name: 'failed_attempts',
      title: 'Failed attempts to authenticate, a day',
      weight: 20,
      value: 'failed',
      unit: 'none',
      ...beyond(10),
      required: true,
      risk: 'Somebody guesses credentials, or a job runs with wrong ones and will be locked out.',
      remedy: {
        action: 'See by which agent and credential they failed and with what code; replace or block that credential.',
        effort: 'low',
      },
      evidence: { query: 'integration_security_window', column: 'failed_auth', filter: 'integration' },
    },
    {
      name: 'expired_tokens',
      title: 'Attempts with an expired credential, a day',
      weight: 15,
      value: 'expired',
      unit: 'none',
      ...beyond(5),
      required: true,
      risk: 'Calls fail until a person renews the credential.',
      remedy: { action: 'Renew it, and have it renewed before it expires.', effort: 'low' },
    },
    {
      name: 'mfa',
      title: 'Credentials without a second factor',
      weight: 25,
      value: 'without_mfa',
      unit: 'none',
      good: 0,
      bad: 1,
      required: false,
      risk: 'A stolen password is enough.',
      remedy: { action: 'Turn the second factor on for the account that owns the credential.', effort: 'medium' },
    },
    {
      name: 'rotation',
      title: 'Days since the credential was renewed',
      weight: 10,
      value: 'rotation_days',
      unit: 'd',
      ...beyond(90),
      required: false,
      risk: 'A credential that leaked long ago still works.',
      remedy: { action: 'Rotate it, and have a job do so from now on.', effort: 'low' },
    },
    {
      name: 'unreported',
      title: 'Facts that nobody reports (second factor, renewal)',
      weight: 30,
      value: 'unreported',
      unit: 'none',
      good: 0,
      bad: 2,
      gate: { above: 0, cap: 79 },
      required: true,
      risk: 'What is not reported is not known to be well.',
      remedy: { action: 'Send mfa and the renewals with the integration.auth events.', effort: 'low' },
    },
  ],
  statuses: { healthy: 80, degraded: 50 },
  offline: '0',
};

/** Points of an open weakness by its severity, about a tenth of a CVSS score of that class each. */
export const SEVERITY_POINTS = { low: 1, medium: 4, high: 7, critical: 10 } as const;

/**
 * Security as a whole. The risk is 100 less this score. Weights and limits are ours: the source document names the score
 * and its parts, and gives no formula. A part that is not reported is unknown and leaves the others their weight.
 */
export const securityModel: HealthModel = {
  terms: [
    {
      name: 'breaches',
      title: 'Unauthorised access or exposure that was not stopped',
      weight: 25,
      value: 'breaches',
      unit: 'none',
      good: 0,
      bad: 1,
      gate: { above: 0, cap: 40 },
      required: false,
      risk: 'Somebody has or had what is not theirs.',
      remedy: {
        action: 'Revoke the credential, find out what was read or changed since, and tell whoever must be told.',
        effort: 'high',
      },
      evidence: { query: 'integration_security_activity', column: 'events', filter: 'integration' },
    },
    {
      name: 'authentication',
      title: 'Points that authentication lost',
      weight: 20,
      value: 'auth_lost',
      unit: 'none',
      good: 0,
      bad: 70,
      required: false,
      risk: 'Credentials are guessed, stolen or run out.',
      remedy: { action: 'Follow the terms of the score of authentication.', effort: 'medium' },
    },
    {
      name: 'vulnerabilities',
      title: 'Open vulnerabilities, by severity points',
      weight: 20,
      value: 'weakness',
      unit: 'none',
      good: 0,
      bad: 10,
      gate: { above: 9.5, cap: 60 },
      required: false,
      risk: 'A known weakness can be used by anybody who knows it too.',
      remedy: { action: 'Update or replace what is vulnerable, the most severe first.', effort: 'medium' },
      evidence: { query: 'integration_security_issues', column: 'points', filter: 'integration' },
    },
    {
      name: 'attempts',
      title: 'Unauthorised attempts, a day',
      weight: 15,
      value: 'attempts',
      unit: 'none',
      good: 0,
      bad: 50,
      required: false,
      risk: 'One of many attempts succeeds.',
      remedy: { action: 'Block the sources, narrow what the credential may do and from where.', effort: 'low' },
      evidence: { query: 'integration_security_activity', column: 'events', filter: 'integration' },
    },
    {
      name: 'threats',
      title: 'Threats and anomalies, severity points a day',
      weight: 10,
      value: 'threats',
      unit: 'none',
      good: 0,
      bad: 20,
      required: false,
      risk: 'An attack is being prepared or is under way.',
      remedy: { action: 'Read the events and decide about each: block, watch, or mark as harmless.', effort: 'medium' },
      evidence: { query: 'integration_security_activity', column: 'events', filter: 'integration' },
    },
    {
      name: 'compliance',
      title: 'Controls whose last check failed',
      weight: 5,
      value: 'controls_failed',
      unit: 'percentunit',
      good: 0,
      bad: 0.2,
      required: false,
      risk: 'A promise to customers or authorities is not kept.',
      remedy: { action: 'Mend what the check names and have it checked again.', effort: 'medium' },
      evidence: { query: 'integration_security_controls', column: 'control', filter: 'integration' },
    },
    {
      name: 'audit_trail',
      title: 'Part of the audit trail that is missing',
      weight: 5,
      value: 'audit_missing',
      unit: 'percentunit',
      good: 0,
      bad: 0.05,
      required: false,
      risk: 'What happened cannot be told afterwards.',
      remedy: { action: 'Find where entries are lost, and have every entry name its actor.', effort: 'medium' },
      evidence: { query: 'integration_security_audit', column: 'missing', filter: 'integration' },
    },
  ],
  statuses: { healthy: 80, degraded: 50 },
  offline: '0',
};
