import { defineConfig } from 'eslint/config';
import baseConfig from './.config/eslint.config.mjs';

export default defineConfig([
  {
    ignores: [
      '**/logs',
      '**/*.log',
      '**/npm-debug.log*',
      '**/yarn-debug.log*',
      '**/yarn-error.log*',
      '**/.pnpm-debug.log*',
      '**/node_modules/',
      '.yarn/cache',
      '.yarn/unplugged',
      '.yarn/build-state.yml',
      '.yarn/install-state.gz',
      '**/.pnp.*',
      '**/pids',
      '**/*.pid',
      '**/*.seed',
      '**/*.pid.lock',
      '**/lib-cov',
      '**/coverage',
      '**/dist/',
      '**/artifacts/',
      '**/work/',
      '**/ci/',
      'test-results/',
      'playwright-report/',
      'blob-report/',
      'playwright/.cache/',
      'playwright/.auth/',
      '**/.idea',
      '**/.eslintcache',
    ],
  },
  ...baseConfig,
  {
    // What the reviewers of Grafana's plugin catalog check, so that it is found here first.
    files: ['src/**/*.{ts,tsx}'],
    rules: {
      'no-console': 'error',
      'no-alert': 'error',
      'no-eval': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: '@emotion/react', importNames: ['Global'], message: 'No global styles in a plugin.' }],
          patterns: [
            { group: ['*.css', '*.scss', '*.sass'], message: 'No style sheets: use useStyles2 and the theme.' },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'Literal[value=/api\\u002Fds\\u002Fquery/]', message: 'Ask through DataSourceWithBackend.' },
        { selector: "MethodDefinition[key.name='testDatasource']", message: 'The backend answers the health check.' },
        {
          selector: "MemberExpression[object.name='window'][property.name='open']",
          message: 'Use a link with noopener.',
        },
        {
          selector: 'ImportSpecifier[imported.name=/^(use|useActionState|useOptimistic|useFormStatus)$/]',
          message: 'Not in React 18, which Grafana 12 runs.',
        },
      ],
    },
  },
]);
