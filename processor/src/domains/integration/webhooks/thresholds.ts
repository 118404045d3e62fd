/** Where webhooks begin to hurt: what alert rules, the score and findings compare with. */
/** Share of messages that are to be delivered (the source document's success metric). */
export const DELIVERY_RATE = 0.95;
/** Share of attempts that fail. */
export const FAILURE_RATE = 0.25;
/** Seconds that a dead letter may lie. */
export const DEAD_LETTER_AGE = 3600;
/** Response time (p95, ms) from which a receiver is slow: senders commonly give up after 10 s. */
export const SLOW_MS = 5000;
/** Size (p95) from which a message should carry a reference instead of the data. */
export const LARGE_BYTES = 256 * 1024;
/** Share of retries that succeed below which a step is not worth its requests, and attempts that tell. */
export const USELESS_STEP = 0.05;
export const ENOUGH_ATTEMPTS = 30;
/** A burst: beyond Tukey's far fence, this many times the median, and at least so many messages in a step. */
export const BURST = { fence: 3, times: 3, messages: 10 };
/** Answers that the same request will get again: 408, 425 and 429 are the client errors worth a retry (RFC 9110, 6585). */
export const PERMANENT = ['400', '401', '403', '404', '405', '406', '410', '411', '413', '414', '415', '422', '451'];
