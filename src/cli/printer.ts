/**
 * What the command prints: a terminal that is stopped, slow or gone holds nothing up.
 *
 * @module
 */

/** Where a printer prints: `Deno.stdout` or `Deno.stderr`. */
export interface PrinterStream {
  /** Writes some of the bytes, away from this thread; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Whether it is a terminal. */
  isTerminal(): boolean;
}

/** Texts that wait for the stream; beyond them the oldest are forgotten. */
const MOST_WAITING = 1000;

const ERASE = "\r\x1b[K";

/** Prints lines, and a status that the next line replaces, one text after another. */
export class Printer {
  /** Whether its stream was a terminal at the beginning. */
  readonly isTerminal: boolean;
  readonly #stream: PrinterStream;
  readonly #waiting: string[] = [];
  #isPrinting = false;
  /** Fulfilled when all that waits is printed. */
  #printed: Promise<void> = Promise.resolve();
  /** Whether the last text on a terminal is a status. */
  #hasStatus = false;

  /** A printer on `stream`, which nothing else may write to. */
  constructor(stream: PrinterStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTerminal();
  }

  /** Prints a line; fulfilled, in any case, once it is printed or the stream is gone. */
  line(text: string): Promise<void> {
    this.clear();
    return this.#print(`${text}\n`);
  }

  /** Shows a status, unless what was printed before it still waits; off a terminal it is a line. */
  status(text: string): void {
    if (this.#isPrinting) return;
    if (this.isTerminal) this.#print(ERASE + text.slice(0, columns() - 1));
    else this.#print(`${text}\n`);
    this.#hasStatus = this.isTerminal;
  }

  /** Removes the status. */
  clear(): void {
    if (this.#hasStatus) this.#print(ERASE);
    this.#hasStatus = false;
  }

  #print(text: string): Promise<void> {
    this.#waiting.push(text);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    if (!this.#isPrinting) this.#printed = this.#printAll();
    return this.#printed;
  }

  async #printAll(): Promise<void> {
    this.#isPrinting = true;
    for (let text; (text = this.#waiting.shift()) !== undefined;) {
      let bytes = new TextEncoder().encode(text);
      try {
        while (bytes.length > 0) bytes = bytes.subarray(await this.#stream.write(bytes));
      } catch {
        // The terminal is closed, or whatever read the pipe has ended: nobody is there to see it.
      }
    }
    this.#isPrinting = false;
  }
}

function columns(): number {
  try {
    // A terminal that does not know its size reports 0.
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
