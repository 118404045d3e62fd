/** What bears on the security of an integration, apart from authentication (integration.auth). */
import { event, field } from '../../define';

export const CATEGORIES = [
  'unauthorized_access',
  'threat',
  'anomaly',
  'vulnerability',
  'data_exposure',
  'compliance_check',
  'audit',
] as const;
export const SECURITY_SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

export const securityEvent = event({
  type: 'integration.security_event',
  title: 'Security event',
  description:
    'One thing that bears on the security of an integration: an attempt, a threat, a weakness found or mended, the check of a control, or an entry of an audit trail.',
  privacy: 'security',
  rawRetentionDays: 400,
  fields: {
    integration: field.name('Integration'),
    category: field.choice(CATEGORIES, 'What it is'),
    severity: field.choice(SECURITY_SEVERITIES, 'How bad it is, as its source says').default('medium'),
    title: field.text('What happened, in one line', 300).optional(),
    issue: field
      .name('Id of a vulnerability or exposure; its latest event says whether it is open, e.g. CVE-2026-1234')
      .optional(),
    state: field.choice(['open', 'resolved'], 'State of the issue from now on').default('open'),
    blocked: field
      .flag('Of an attempt: whether it was refused. Left out, it is not known and counts as refused')
      .optional(),
    actor: field.name('Who did it: a user, a service account, a key by name').optional(),
    source: field.name('Where it came from: address or network').optional(),
    control: field.name('Of a compliance_check: the control, e.g. SOC2 CC6.1').optional(),
    passed: field.flag('Of a compliance_check: whether the control holds').optional(),
    records: field.count('Of a data_exposure: records concerned').optional(),
    sequence: field
      .count('Of an audit entry: its running number in the trail of this integration, so that a gap shows', 'none')
      .optional(),
  },
  example: {
    type: 'integration.security_event',
    event_id: 'sec-crm-81',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'crm',
    category: 'unauthorized_access',
    severity: 'high',
    title: 'Key used from a network it was never used from',
    blocked: true,
    actor: 'crm-agent key',
    source: '203.0.113.0/24',
  },
});
