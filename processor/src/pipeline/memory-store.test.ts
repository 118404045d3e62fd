import { MemoryStore } from './memory-store';
import { storeContract } from './store.contract';

storeContract('MemoryStore', async () => {
  const store = new MemoryStore();
  const insert = store.insert.bind(store);
  store.insert = (block, token) =>
    insert(block, token).finally(() => {
      store.failing = undefined;
    });
  return {
    store,
    rows: async (table) => store.rows(table),
    loseNextAnswer: () => (store.failing = 'after'),
    remember: async (_table, blocks) => {
      store.window = blocks;
      store.deduplicate = blocks > 0;
    },
    cleanUp: () => store.close(),
  };
});
