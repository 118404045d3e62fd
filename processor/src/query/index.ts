export { resolveGrain, type GrainInput, type Resolution } from './grain';
export {
  createQueryRunner,
  QUERY_LIMITS,
  type QueryArgs,
  type QueryLimits,
  type QueryRunner,
  type QueryRunnerConfig,
} from './runner';
