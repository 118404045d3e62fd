import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Selection } from '../selection';
import type { Point } from '../types';
import type { CameraStore } from './cameraStore';

/** Pixels a pointer may wander and still be a click. */
const CLICK_SLOP = 4;

type Gesture =
  | { kind: 'pan'; at: Point; moved: boolean }
  | { kind: 'drag'; id: string; start: Point; origin: Point; to: Point; moved: boolean }
  | { kind: 'pinch'; distance: number };

interface Settings {
  element: RefObject<HTMLElement | null>;
  camera: CameraStore;
  /** What is under a point of the window. */
  pickAt: (at: Point) => Selection | undefined;
  positionOf: (id: string) => Point | undefined;
  onClick: (picked: Selection | undefined, event: React.MouseEvent) => void;
  /** While a node is dragged. */
  onDrag: (id: string, to: Point) => void;
  /** A drag has ended; with `undefined` it was given up. */
  onDrop: (id: string, to: Point | undefined) => void;
  onHover: (picked: Selection | undefined, at: Point) => void;
}

/** Pointer and wheel: pan, pinch, zoom, drag a node, click. */
export function useGestures(settings: Settings) {
  const { element, camera, pickAt, positionOf, onClick, onDrag, onDrop, onHover } = settings;
  const gesture = useRef<Gesture | undefined>(undefined);
  const pointers = useRef(new Map<number, Point>());
  const suppressClick = useRef(false);
  const [wheelHint, setWheelHint] = useState(false);

  const inside = (event: { clientX: number; clientY: number }): Point => {
    const box = element.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };

  // React listens to wheel passively, where preventDefault does nothing.
  useEffect(() => {
    const target = element.current;
    if (target === null) {
      return undefined;
    }
    let hideHint: ReturnType<typeof setTimeout> | undefined;
    const onWheel = (event: WheelEvent) => {
      // Without a modifier the dashboard scrolls. A trackpad pinch arrives with ctrlKey set.
      if (!event.ctrlKey && !event.metaKey) {
        setWheelHint(true);
        clearTimeout(hideHint);
        hideHint = setTimeout(() => setWheelHint(false), 1200);
        return;
      }
      event.preventDefault();
      const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      const box = target.getBoundingClientRect();
      camera.zoom(Math.exp(-pixels * 0.003), { x: event.clientX - box.left, y: event.clientY - box.top });
    };
    target.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      clearTimeout(hideHint);
      target.removeEventListener('wheel', onWheel);
    };
  }, [camera, element]);

  /** True when a drag was going on. */
  const giveUpDrag = (): boolean => {
    const now = gesture.current;
    gesture.current = undefined;
    if (now?.kind === 'drag' && now.moved) {
      onDrop(now.id, undefined);
      suppressClick.current = true;
      return true;
    }
    return false;
  };

  const onPointerDown = (event: React.PointerEvent<HTMLElement>) => {
    if (event.button !== 0) {
      return;
    }
    const at = { x: event.clientX, y: event.clientY };
    pointers.current.set(event.pointerId, at);
    suppressClick.current = false;
    if (pointers.current.size === 2) {
      giveUpDrag();
      const [a, b] = [...pointers.current.values()];
      gesture.current = { kind: 'pinch', distance: Math.hypot(a.x - b.x, a.y - b.y) };
      return;
    }
    const picked = pickAt(inside(event));
    const origin = picked?.kind === 'node' ? positionOf(picked.id) : undefined;
    gesture.current =
      picked === undefined || origin === undefined
        ? { kind: 'pan', at, moved: false }
        : { kind: 'drag', id: picked.id, start: at, origin, to: origin, moved: false };
  };

  const onPointerMove = (event: React.PointerEvent<HTMLElement>) => {
    const now = gesture.current;
    if (now === undefined || !pointers.current.has(event.pointerId)) {
      if (event.pointerType === 'mouse' && event.buttons === 0) {
        const at = inside(event);
        onHover(pickAt(at), at);
      }
      return;
    }
    const at = { x: event.clientX, y: event.clientY };
    pointers.current.set(event.pointerId, at);
    if (now.kind === 'pinch') {
      const [a, b] = [...pointers.current.values()];
      const distance = Math.hypot(a.x - b.x, a.y - b.y);
      gesture.current = { kind: 'pinch', distance };
      suppressClick.current = true;
      camera.zoom(distance / Math.max(now.distance, 1), inside({ clientX: (a.x + b.x) / 2, clientY: (a.y + b.y) / 2 }));
      return;
    }
    const from = now.kind === 'pan' ? now.at : now.start;
    const [dx, dy] = [at.x - from.x, at.y - from.y];
    if (!now.moved && Math.hypot(dx, dy) < CLICK_SLOP) {
      return;
    }
    if (!now.moved) {
      // Only now: capturing on press would take the click away from what was pressed.
      event.currentTarget.setPointerCapture?.(event.pointerId);
      suppressClick.current = true;
      onHover(undefined, at);
    }
    if (now.kind === 'pan') {
      gesture.current = { kind: 'pan', at, moved: true };
      camera.move((last) => ({ ...last, x: last.x + dx, y: last.y + dy }));
    } else {
      const { k } = camera.camera;
      const to = { x: now.origin.x + dx / k, y: now.origin.y + dy / k };
      gesture.current = { ...now, to, moved: true };
      onDrag(now.id, to);
    }
  };

  const onPointerUp = (event: React.PointerEvent<HTMLElement>) => {
    pointers.current.delete(event.pointerId);
    const now = gesture.current;
    gesture.current = undefined;
    if (now?.kind === 'drag' && now.moved) {
      onDrop(now.id, { x: Math.round(now.to.x), y: Math.round(now.to.y) });
    }
  };

  const onPointerCancel = (event: React.PointerEvent<HTMLElement>) => {
    pointers.current.delete(event.pointerId);
    giveUpDrag();
  };

  const onClickCapture = (event: React.MouseEvent<HTMLElement>) => {
    if (suppressClick.current) {
      suppressClick.current = false;
      return;
    }
    // A click that a keyboard or assistive technology makes on a button has no place of its own.
    const button = event.target instanceof Element ? event.target.closest('[data-id]') : null;
    const id = button?.getAttribute('data-id');
    onClick(event.detail === 0 && id != null ? { kind: 'node', id } : pickAt(inside(event)), event);
  };

  return {
    wheelHint,
    isDragging: () => gesture.current?.kind === 'drag' && gesture.current.moved,
    giveUpDrag,
    inside,
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerCancel,
      onPointerLeave: (event: React.PointerEvent<HTMLElement>) => onHover(undefined, inside(event)),
      onClick: onClickCapture,
    },
  };
}
