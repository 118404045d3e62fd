import React from 'react';
import { type QueryEditorProps } from '@grafana/data';
import { forAnnotations } from '../annotations';
import { type DataSource } from '../datasource';
import { SCHEMA_VERSION, type ShadowerJsonData, type ShadowerQuery } from '../types';
import { QueryEditor } from './QueryEditor';

type Props = QueryEditorProps<DataSource, ShadowerQuery, ShadowerJsonData>;

/** The query editor with those queries only that give events with a time. */
export function AnnotationEditor(props: Props) {
  const query = props.query ?? { refId: 'Anno', schemaVersion: SCHEMA_VERSION, query: '' };
  return <QueryEditor {...props} query={query} accept={forAnnotations} />;
}
