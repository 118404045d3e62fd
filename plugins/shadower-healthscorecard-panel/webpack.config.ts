import path from 'path';
import type { Configuration } from 'webpack';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

/** The scaffolded build, with source maps that name hoisted dependencies the way Grafana's validator expects them. */
const config = async (env: Env): Promise<Configuration> => {
  const base = await grafanaConfig(env);
  const modules = `${path.sep}node_modules${path.sep}`;
  return {
    ...base,
    output: {
      ...base.output,
      // npm workspaces hoist dependencies, so their paths start with ../../node_modules: the validator compares with ./node_modules.
      devtoolModuleFilenameTemplate: (info: {
        absoluteResourcePath: string;
        resourcePath: string;
        loaders?: string;
      }) => {
        const at = info.absoluteResourcePath.lastIndexOf(modules);
        const file = at >= 0 ? `.${info.absoluteResourcePath.slice(at)}` : info.resourcePath;
        return `webpack://${base.output?.uniqueName ?? ''}/${file}${info.loaders ? `?${info.loaders}` : ''}`;
      },
    },
  };
};

export default config;
