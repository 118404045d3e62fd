import { useEffect, useState } from 'react';
import { messageOf } from '../catalog';
import { type DataSource } from '../datasource';
import { type Catalog } from '../types';

export interface CatalogState {
  catalog?: Catalog;
  error?: string;
}

/** The datasource's catalog, or why there is none. */
export function useCatalog(datasource: DataSource): CatalogState {
  const [state, setState] = useState<CatalogState>({});
  useEffect(() => {
    let current = true;
    datasource.getCatalog().then(
      (catalog) => current && setState({ catalog }),
      (error: unknown) => current && setState({ error: messageOf(error) })
    );
    return () => {
      current = false;
    };
  }, [datasource]);
  return state;
}
