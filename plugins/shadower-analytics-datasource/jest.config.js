// force timezone to UTC to allow tests to work regardless of local timezone
// generally used by snapshots, but can affect specific tests
process.env.TZ = 'UTC';

const { grafanaESModules, nodeModulesToTransform } = require('./.config/jest/utils');
const base = require('./.config/jest.config');

module.exports = {
  // Jest configuration provided by Grafana scaffolding
  ...base,
  // Grafana's components take seconds to mount on a busy machine.
  testTimeout: 60_000,
  moduleNameMapper: {
    ...base.moduleNameMapper,
    // @grafana/ui 13 renders static markup; the browser build of react-dom/server wants MessageChannel, which jsdom lacks.
    '^react-dom/server$': 'react-dom/server.node',
  },
  // @grafana/ui 13 ships parts as .mjs.
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'cjs', 'jsx', 'json', 'node'],
  transform: {
    '^.+\\.(m?[jt]sx?)$': Object.values(base.transform)[0],
  },
  transformIgnorePatterns: [nodeModulesToTransform([...grafanaESModules, '@react-hookz/web', '@ver0/deep-equal'])],
};
