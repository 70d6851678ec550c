/** A terminal, or a pipe, that a test can stop and close. */

import { type Deferred, deferred } from "../../src/base/deferred.ts";
import type { PrinterStream } from "../../src/cli/printer.ts";

export class FakeTerminal implements PrinterStream {
  /** What was written. */
  text = "";
  /** Whether it is closed: every write fails. */
  isGone = false;
  /** The most bytes that one write takes. */
  most = Infinity;
  readonly #isTerminal: boolean;
  #going: Deferred<void> | undefined;

  constructor(isTerminal = false) {
    this.#isTerminal = isTerminal;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  /** Ctrl-S: writes wait. */
  stop(): void {
    this.#going ??= deferred();
  }

  /** Ctrl-Q: writes go on. */
  goOn(): void {
    this.#going?.resolve();
    this.#going = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#going?.promise;
    if (this.isGone) throw new Error("Input/output error (os error 5)");
    const taken = bytes.subarray(0, this.most);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}
