import React from 'react';
import { Alert } from '@grafana/ui';
import { t } from '../i18n';

/** Why there is nothing to choose from. */
export const LoadError = ({ error }: { error: string }) => (
  <Alert severity="error" title={t('editor.unreadable', 'The catalog cannot be read')}>
    {error}
  </Alert>
);
