import { useCallback, useMemo, useState } from 'react';
import { type Camera, fit } from './camera';
import type { Rect } from './geometry';

export interface CameraControl {
  camera: Camera;
  /** Changes the view; from then on it no longer follows the panel's size until `reset`. Returning the same camera changes nothing. */
  move: (change: (camera: Camera) => Camera) => void;
  /** Shows everything again. */
  reset: () => void;
}

/** The view of one layout. A new layout (`key`) starts fitted; so does every panel size until the user moves the view. */
export function useCamera(key: string, bounds: Rect, width: number, height: number, padding: number): CameraControl {
  const fitted = useMemo(() => fit(bounds, width, height, padding), [bounds, width, height, padding]);
  const [moved, setMoved] = useState<{ key: string; camera: Camera }>();
  const camera = moved?.key === key ? moved.camera : fitted;
  const move = useCallback(
    (change: (camera: Camera) => Camera) =>
      setMoved((last) => {
        const before = last?.key === key ? last.camera : fitted;
        const after = change(before);
        return after === before ? last : { key, camera: after };
      }),
    [key, fitted]
  );
  const reset = useCallback(() => setMoved(undefined), []);
  return { camera, move, reset };
}
