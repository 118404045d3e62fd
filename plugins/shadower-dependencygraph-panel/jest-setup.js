// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';
import { deserialize, serialize } from 'v8';

// Every browser has it, jsdom does not; the layout uses it.
global.structuredClone ??= (value) => deserialize(serialize(value));

// There is nothing to draw on, as in a browser that gives no canvas; Grafana's mock gives undefined, which no browser does.
HTMLCanvasElement.prototype.getContext = () => null;
