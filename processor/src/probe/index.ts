export { readTargets } from './config';
export { createProber, SUITES, type Prober, type Suite } from './runner';
