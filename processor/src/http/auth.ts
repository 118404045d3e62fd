/** Who is calling, what they may do, and in which workspaces. */
import { createHash, createPublicKey, timingSafeEqual } from 'node:crypto';
import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { z } from 'zod';
import { envelope } from '../domains/define';
import { ShadowerError } from '../errors';
import { SCOPES, type AuthConfig, type JwtConfig, type Scope } from './config';

export interface Credentials {
  /** Name of the API key, or subject of the token. */
  id: string;
  workspaces: readonly string[] | '*';
  scopes: ReadonlySet<Scope>;
}

declare module 'fastify' {
  interface FastifyRequest {
    credentials: Credentials | null;
  }
  interface FastifyContextConfig {
    /** Scope that the route wants; `any` takes every valid credentials, `public` takes none. Without it: `any`. */
    scope?: Scope | 'any' | 'public';
  }
}

export const WORKSPACE_REQUEST_HEADER = 'x-shadower-workspace';
const ROLES: NonNullable<JwtConfig['roles']> = { admin: SCOPES, editor: ['ingest', 'query'], viewer: ['query'] };

const isWorkspace = (v: unknown): v is string => envelope.workspace.safeParse(v).success;

const keySchema = z.strictObject({
  id: z.string().min(1).max(128),
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, 'takes 64 hexadecimal digits: the SHA-256 of the key'),
  workspaces: z.array(z.union([envelope.workspace, z.literal('*')])).min(1),
  scopes: z.array(z.enum(SCOPES)).min(1),
});

/** Throws CONFIG_INVALID for what would leave a door open or shut. */
export function checkAuthConfig(auth: AuthConfig): void {
  const result = z.array(keySchema).safeParse(auth.apiKeys);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new ShadowerError('CONFIG_INVALID', `apiKeys.${issue.path.join('.')}: ${issue.message}`);
  }
  const ids = auth.apiKeys.map((k) => k.id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new ShadowerError('CONFIG_INVALID', `two API keys are named ${twice}`);
  if (auth.jwt === undefined) return;
  const { algorithm, key } = auth.jwt;
  if (algorithm === 'HS256') {
    if (Buffer.byteLength(key) < 32 || key.includes('-----BEGIN'))
      throw new ShadowerError('CONFIG_INVALID', 'jwt.key for HS256 takes a secret of 32 bytes at least, not a PEM key');
    return;
  }
  const wanted = { RS256: 'rsa', ES256: 'ec' }[algorithm];
  let type: string | undefined;
  try {
    type = createPublicKey(key).asymmetricKeyType;
  } catch (e) {
    throw new ShadowerError(
      'CONFIG_INVALID',
      `jwt.key for ${algorithm} takes a public key in PEM: ${(e as Error).message}`,
      { cause: e },
    );
  }
  if (type !== wanted)
    throw new ShadowerError('CONFIG_INVALID', `jwt.key is of type ${type}; ${algorithm} takes ${wanted}`);
}

const sha256 = (v: string): Buffer => createHash('sha256').update(v).digest();

function keyCheck(auth: AuthConfig): (presented: string) => Credentials | undefined {
  const known = auth.apiKeys.map((k) => ({
    hash: Buffer.from(k.sha256, 'hex'),
    credentials: {
      id: `key:${k.id}`,
      workspaces: k.workspaces.includes('*') ? ('*' as const) : k.workspaces,
      scopes: new Set(k.scopes),
    },
  }));
  return (presented) => {
    const hash = sha256(presented);
    let found: Credentials | undefined;
    // All are compared, so that the time says nothing about which one came close.
    for (const k of known) if (timingSafeEqual(k.hash, hash)) found = k.credentials;
    return found;
  };
}

const words = (v: unknown): string[] =>
  typeof v === 'string' ? v.split(/\s+/) : Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : [];

/** Credentials from the claims of a verified token. */
export function credentialsOf(
  claims: Record<string, unknown>,
  roles: NonNullable<JwtConfig['roles']> = ROLES,
): Credentials {
  const named = [...words(claims.workspaces), ...(typeof claims.workspaceId === 'string' ? [claims.workspaceId] : [])];
  const all = Array.isArray(claims.workspaces) && claims.workspaces.includes('*');
  const workspaces = named.filter(isWorkspace);
  if (!all && workspaces.length === 0)
    throw new ShadowerError('AUTH_INVALID', 'the token names no workspace (claim workspaceId or workspaces)');
  const granted = new Set([...words(claims.scope), ...words(claims.scopes), ...words(claims.permissions)]);
  for (const role of words(claims.role)) if (Object.hasOwn(roles, role)) for (const s of roles[role]!) granted.add(s);
  return {
    id: `jwt:${typeof claims.sub === 'string' ? claims.sub : workspaces.join(',')}`,
    workspaces: all ? '*' : [...new Set(workspaces)],
    scopes: new Set(SCOPES.filter((s) => granted.has(s))),
  };
}

/** What is no name of a workspace is granted to nobody, not even to those who have all. */
export const isGranted = (c: Credentials, workspace: string): boolean =>
  isWorkspace(workspace) && (c.workspaces === '*' || c.workspaces.includes(workspace));

/** The caller; only in routes that are not public. */
export function credentials(req: FastifyRequest): Credentials {
  if (req.credentials === null) throw new ShadowerError('AUTH_MISSING');
  return req.credentials;
}

/**
 * Workspace of the request: what `named` or the header X-Shadower-Workspace say, else the only one of the credentials.
 * Undefined when nothing decides. Throws AUTH_FORBIDDEN outside the granted ones.
 */
export function workspaceOf(req: FastifyRequest, ...named: (string | undefined)[]): string | undefined {
  const c = credentials(req);
  const wanted = [
    ...new Set([...named, req.headers[WORKSPACE_REQUEST_HEADER] as string | undefined].filter((w) => w !== undefined)),
  ];
  if (wanted.length > 1)
    throw new ShadowerError('REQUEST_INVALID', `it names more than one workspace: ${wanted.join(', ').slice(0, 200)}`);
  const [workspace] = wanted;
  if (workspace !== undefined) {
    if (!isGranted(c, workspace))
      throw new ShadowerError('AUTH_FORBIDDEN', `workspace ${workspace.slice(0, 64)} is not granted to ${c.id}`);
    return workspace;
  }
  return c.workspaces !== '*' && c.workspaces.length === 1 ? c.workspaces[0] : undefined;
}

/** Like workspaceOf, where there must be one. */
export function requireWorkspace(req: FastifyRequest, ...named: (string | undefined)[]): string {
  const workspace = workspaceOf(req, ...named);
  if (workspace === undefined)
    throw new ShadowerError(
      'REQUEST_INVALID',
      'these credentials have several workspaces; name one in the header X-Shadower-Workspace or the parameter workspace',
    );
  return workspace;
}

/**
 * Workspace of a query. '' is what belongs to none (dead letters that name no workspace), and is for administrators of all
 * workspaces only.
 */
export function queryWorkspace(req: FastifyRequest, named: string | undefined): string {
  const c = credentials(req);
  if (named === '' && c.workspaces === '*' && c.scopes.has('admin')) return '';
  return requireWorkspace(req, named);
}

export interface AuthHooks {
  /** Called for each refusal of presented credentials; may throw to refuse the caller altogether. */
  failed(req: FastifyRequest): Promise<void>;
}

export const authPlugin = fp(
  async (app: FastifyInstance, { auth, hooks }: { auth: AuthConfig; hooks: AuthHooks }) => {
    checkAuthConfig(auth);
    const checkKey = keyCheck(auth);
    const { jwt } = auth;
    if (jwt !== undefined)
      await app.register(fastifyJwt, {
        secret: jwt.algorithm === 'HS256' ? jwt.key : { public: jwt.key },
        verify: {
          algorithms: [jwt.algorithm],
          requiredClaims: ['exp'],
          clockTolerance: (jwt.toleranceSeconds ?? 0) * 1000,
          ...(jwt.issuer === undefined ? {} : { allowedIss: jwt.issuer }),
          ...(jwt.audience === undefined ? {} : { allowedAud: jwt.audience }),
        },
      });

    const identify = async (req: FastifyRequest): Promise<Credentials> => {
      const key = req.headers['x-api-key'];
      if (key !== undefined) {
        const found = typeof key === 'string' ? checkKey(key) : undefined;
        if (found === undefined) throw new ShadowerError('AUTH_INVALID', 'unknown API key');
        return found;
      }
      const header = req.headers.authorization;
      if (header === undefined)
        throw new ShadowerError('AUTH_MISSING', 'send X-API-Key, or Authorization: Bearer with a token');
      const [scheme, token, ...rest] = header.split(' ');
      if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0)
        throw new ShadowerError('AUTH_INVALID', 'Authorization takes the form "Bearer <token>"');
      if (jwt === undefined) throw new ShadowerError('AUTH_INVALID', 'tokens are not accepted here; use X-API-Key');
      let claims: unknown;
      try {
        claims = app.jwt.verify(token);
      } catch (e) {
        const expired = (e as { code?: string }).code === 'FAST_JWT_EXPIRED';
        throw new ShadowerError('AUTH_INVALID', expired ? 'the token has expired' : 'the token is not valid', {
          cause: e,
        });
      }
      return credentialsOf((claims ?? {}) as Record<string, unknown>, jwt.roles);
    };

    app.decorateRequest('credentials', null);
    app.addHook('onRequest', async (req, reply) => {
      const scope = req.is404 ? 'any' : (req.routeOptions.config.scope ?? 'any');
      if (scope === 'public') return;
      try {
        req.credentials = await identify(req);
      } catch (e) {
        reply.header('www-authenticate', 'Bearer realm="shadower"');
        if (e instanceof ShadowerError && e.code === 'AUTH_INVALID') await hooks.failed(req);
        throw e;
      }
      const { scopes } = req.credentials;
      if (scope !== 'any' && !scopes.has(scope) && !(scope === 'test' && scopes.has('admin')))
        throw new ShadowerError('AUTH_FORBIDDEN', `${req.credentials.id} lacks the scope ${scope}`);
    });
  },
  { name: 'shadower-auth' },
);
