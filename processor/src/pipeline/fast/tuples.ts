/**
 * The rows that a rollup has been seen to need: workspace and dimension values ↔ a small number. Shared by all batches, so
 * a series costs its strings once. A predictor, indexed by a hash of the event's words, names the likely tuple; it is
 * compared with what the dimensions really gave, so it may be wrong.
 */
/** Size up to which the predictor grows while it misses often. */
const MAX_PREDICTORS = 1 << 20;
const SEPARATOR = '\u001f';

export class Tuples {
  /** Strings of tuple i at `i * stride`: workspace, then the dimensions. */
  readonly strings: string[] = [];
  /** The same as numbers into `words` of each column. */
  keys: Uint32Array;
  /** Distinct strings per column; the first is ''. */
  readonly words: string[][];
  readonly stride: number;
  /** One above a tuple's number; 0 is none. */
  predictor = new Int32Array(4096);
  mask = 4095;
  private misses = 0;
  count = 0;
  private readonly byText = new Map<string, number>();
  private readonly wordIds: Map<string, number>[];

  constructor(dimensions: number) {
    this.stride = dimensions + 1;
    this.keys = new Uint32Array(256 * this.stride);
    this.words = Array.from({ length: this.stride }, () => ['']);
    this.wordIds = this.words.map(() => new Map([['', 0]]));
  }

  /** Number of the tuple, made if it is new, and predicted for `hash` from now on. */
  find(hash: number, values: readonly string[]): number {
    const text = values.join(SEPARATOR);
    let tuple = this.byText.get(text);
    if (tuple === undefined) {
      tuple = this.count++;
      this.byText.set(text, tuple);
      if ((tuple + 1) * this.stride > this.keys.length) {
        const next = new Uint32Array(this.keys.length * 2);
        next.set(this.keys);
        this.keys = next;
      }
      values.forEach((value, k) => {
        const ids = this.wordIds[k]!;
        let id = ids.get(value);
        if (id === undefined) {
          ids.set(value, (id = ids.size));
          this.words[k]!.push(value);
        }
        this.keys[tuple! * this.stride + k] = id;
        // Of the dictionary, so that equal values are one object and compare at once.
        this.strings.push(this.words[k]![id]!);
      });
    }
    if (++this.misses > this.predictor.length && this.predictor.length < MAX_PREDICTORS) {
      this.misses = 0;
      this.predictor = new Int32Array(this.predictor.length * 4);
      this.mask = this.predictor.length - 1;
    }
    this.predictor[hash & this.mask] = tuple + 1;
    return tuple;
  }
}
