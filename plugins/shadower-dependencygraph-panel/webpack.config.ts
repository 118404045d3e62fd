import path from 'path';
import type { Configuration, EntryObject } from 'webpack';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

/** The scaffolded build, made to bundle a web worker and to name hoisted dependencies as Grafana's validator expects them. */
const config = async (env: Env): Promise<Configuration> => {
  const base = await grafanaConfig(env);
  const { library, ...output } = base.output ?? {};
  const modules = `${path.sep}node_modules${path.sep}`;

  // Set for the whole build, `library: amd` would also wrap the worker in define(), which no worker has.
  const entry: EntryObject = Object.fromEntries(
    Object.entries(base.entry as Record<string, string>).map(([name, file]) => [
      name,
      { import: file, library: { type: 'amd' } },
    ])
  );
  return {
    ...base,
    entry,
    externalsType: 'amd',
    // One self-contained file for the worker: inside it, the public path is not the one the plugin's loader found at run
    // time, so a chunk split off from it could not be loaded.
    optimization: { ...base.optimization, splitChunks: false },
    output: {
      ...output,
      // npm workspaces hoist dependencies, so their paths start with ../../node_modules: the validator compares with ./node_modules.
      devtoolModuleFilenameTemplate: (info: {
        absoluteResourcePath: string;
        resourcePath: string;
        loaders?: string;
      }) => {
        const at = info.absoluteResourcePath.lastIndexOf(modules);
        const file = at >= 0 ? `.${info.absoluteResourcePath.slice(at)}` : info.resourcePath;
        return `webpack://${output.uniqueName ?? ''}/${file}${info.loaders ? `?${info.loaders}` : ''}`;
      },
    },
  };
};

export default config;
