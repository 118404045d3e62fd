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
    forgetTokens: async () => void (store.deduplicate = false),
    cleanUp: () => store.close(),
  };
});
