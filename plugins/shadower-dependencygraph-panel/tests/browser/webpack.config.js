/* Bundles what Grafana gives a plugin at run time (React, @grafana/*, emotion) with the page that mounts the built plugin. */
const path = require('path');

const root = path.resolve(__dirname, '../..');

module.exports = {
  mode: 'development',
  devtool: false,
  context: root,
  entry: { harness: path.join(__dirname, 'harness.tsx') },
  output: { path: path.join(root, 'test-results', 'harness'), filename: '[name].js', publicPath: '/harness/' },
  cache: { type: 'filesystem', cacheDirectory: path.join(root, 'node_modules', '.cache', 'browser-harness') },
  resolve: { extensions: ['.tsx', '.ts', '.mjs', '.js'], fallback: { path: false, fs: false, stream: false } },
  module: {
    rules: [
      { test: /\.m?js$/, resolve: { fullySpecified: false } },
      {
        test: /\.tsx?$/,
        use: {
          loader: 'swc-loader',
          options: { jsc: { target: 'es2020', parser: { syntax: 'typescript', tsx: true } } },
        },
      },
      { test: /\.css$/, use: ['style-loader', 'css-loader'] },
      { test: /\.(svg|png|gif|woff2?)$/, type: 'asset/resource' },
    ],
  },
  performance: { hints: false },
  // Only the modules on the way to a panel matter; warnings of the others are not ours.
  ignoreWarnings: [() => true],
};
