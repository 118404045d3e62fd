// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';

// @grafana/ui observes sizes and scroll ends; jsdom has no such observers, no layout and never scrolls.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(global, { IntersectionObserver: Observer, ResizeObserver: Observer });
