// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';
import { deserialize, serialize } from 'v8';

// Every browser has it, jsdom does not; the layout uses it.
global.structuredClone ??= (value) => deserialize(serialize(value));
