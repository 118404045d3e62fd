/**
 * ClickHouse's lexical rules, as far as a guard needs them. It works on text decoded as latin1, so that every index is a
 * byte offset of the request body. What it cannot read the same way as the engine for certain (heredocs, typographic
 * quotes, escapes in quoted names) it refuses; and comments are blanked in the text that goes to the engine, so the two
 * cannot differ about where one ends.
 */
import { exception } from './errors';

export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'punct';
  /** The name of a word or quoted identifier; the raw text of anything else. */
  text: string;
  /** Upper-case `text` of a word, else ''. Keywords compare with this. */
  upper: string;
  start: number;
  end: number;
}

const WORD_START = /[A-Za-z_]/;
const WORD = /[A-Za-z0-9_$]*/y;
const NUMBER =
  /(?:0[xX][0-9A-Fa-f]*(?:\.[0-9A-Fa-f]*)?(?:[pP][+-]?\d+)?|0[bB][01]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[A-Za-z0-9_]*/y;
const SPACE = /[ \t\n\r\f\v]*/y;

function at(pattern: RegExp, text: string, pos: number): string {
  pattern.lastIndex = pos;
  return pattern.exec(text)?.[0] ?? '';
}

export class Lexer {
  /** Byte ranges of comments seen so far. */
  readonly comments: [number, number][] = [];
  constructor(
    readonly text: string,
    public pos = 0,
  ) {}

  /** Next token, or null at the end. @throws ClickHouseException SYNTAX_ERROR for text that is not safe to judge. */
  next(): Token | null {
    this.skip();
    const { text, pos: start } = this;
    if (start >= text.length) return null;
    const c = text[start]!;
    if (c === "'") return this.delimited('string', start, c);
    if (c === '"' || c === '`') return this.delimited('quoted', start, c);
    if (WORD_START.test(c)) {
      const word = at(WORD, text, start);
      return this.token('word', word, word.toUpperCase(), start, start + word.length);
    }
    if ((c >= '0' && c <= '9') || (c === '.' && /\d/.test(text[start + 1] ?? '') && !this.followsName(start))) {
      const number = at(NUMBER, text, start);
      return this.token('number', number, '', start, start + Math.max(1, number.length));
    }
    if (c === '$') throw this.refuse(start, 'heredoc strings ($tag$…$tag$) are not accepted here; use quotes');
    if (c === '\0') throw this.refuse(start, 'a NUL byte');
    if (c.charCodeAt(0) >= 0x80) throw this.refuse(start, 'a non-ASCII character outside a string or quoted name');
    return this.token('punct', c, '', start, start + 1);
  }

  /** `a.1` is a tuple element, so the dot there starts no number. */
  private followsName(pos: number): boolean {
    return pos > 0 && /[A-Za-z0-9_)\]"`]/.test(this.text[pos - 1]!);
  }

  private token(kind: Token['kind'], text: string, upper: string, start: number, end: number): Token {
    this.pos = end;
    return { kind, text, upper, start, end };
  }

  private delimited(kind: 'string' | 'quoted', start: number, quote: string): Token {
    const { text } = this;
    for (let i = start + 1; i < text.length; i++) {
      const c = text[i]!;
      if (c === '\\') {
        if (kind === 'quoted') throw this.refuse(i, 'a backslash in a quoted name');
        i++;
      } else if (c === quote) {
        if (text[i + 1] === quote) i++;
        else {
          const inner = text.slice(start + 1, i);
          const name = kind === 'quoted' ? inner.replaceAll(quote + quote, quote) : text.slice(start, i + 1);
          if (name.includes('\0')) throw this.refuse(start, 'a NUL byte');
          return this.token(kind, name, '', start, i + 1);
        }
      }
    }
    throw this.refuse(start, 'a quote that is not closed');
  }

  private skip(): void {
    const { text } = this;
    for (;;) {
      this.pos += at(SPACE, text, this.pos).length;
      const start = this.pos;
      const two = text.slice(start, start + 2);
      if (two === '--' || two === '#!' || two === '# ') {
        const end = text.indexOf('\n', start);
        this.pos = end < 0 ? text.length : end;
      } else if (two === '/*') {
        // Block comments nest in ClickHouse.
        let depth = 1;
        let i = start + 2;
        while (depth > 0) {
          if (i >= text.length) throw this.refuse(start, 'a comment that is not closed');
          const opens = text.startsWith('/*', i);
          const closes = !opens && text.startsWith('*/', i);
          depth += opens ? 1 : closes ? -1 : 0;
          i += opens || closes ? 2 : 1;
        }
        this.pos = i;
      } else return;
      this.comments.push([start, this.pos]);
    }
  }

  private refuse(pos: number, what: string): Error {
    return exception(62, `Syntax error: failed at position ${pos + 1}: ${what}.`);
  }
}

/** `text` with the given ranges overwritten by spaces, so that positions in error messages stay right. */
export function blank(text: string, ranges: readonly [number, number][]): string {
  let out = '';
  let from = 0;
  for (const [start, end] of ranges) {
    out += text.slice(from, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    from = end;
  }
  return out + text.slice(from);
}
