'use strict';
/**
 * The engine of the contestants, in a process of its own: chDB, driven over IPC. The embedded engine of the processor refuses
 * `ENGINE = Kafka`, since it opens connections; this one refuses nothing, and does nothing by itself.
 */
const { Session } = require('chdb');

const [folder] = process.argv.slice(2);
const session = new Session(folder);
process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, sql }) => {
  session.queryAsync(sql, { format: 'JSONEachRow' }).then(
    (r) => process.send({ id, text: r.text() }),
    (e) => process.send({ id, error: e.message }),
  );
});
process.send({ ready: true });
