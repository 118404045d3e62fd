import { useCallback } from 'react';
import { type DataSource } from '../datasource';
import { type Catalog } from '../types';
import { useLoaded } from './useLoaded';

/** The datasource's catalog, or why there is none. */
export function useCatalog(datasource: DataSource): { catalog?: Catalog; error?: string } {
  const { value, error } = useLoaded(useCallback(() => datasource.getCatalog(), [datasource]));
  return { catalog: value, error };
}
