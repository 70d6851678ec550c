/**
 * One parked native call per JavaScript context, which returns the handles that have events or frames.
 *
 * @module
 */

import type { Backend } from "../backend/contract.ts";

/** The object behind a handle. */
export interface Listener {
  /**
   * Takes what the handle has, until `until` on the clock of `performance.now()`.
   *
   * It throws only if the native side cannot be asked; then the handle is freed and `abort` called.
   *
   * @returns Whether there is more.
   */
  ready(until: number): boolean;
  /** Ends it, because the handle is lost or the pump has failed; never throws. */
  abort(error: unknown): void;
}

/** A lost wake would keep the process alive for this long; no other purpose. */
const WAIT_MS = 10_000;

/** Milliseconds after which timers and input of the program get their turn. */
const TURN_MS = 4;

/**
 * Parks while a listener is kept, and only then: the parked call keeps the process and the kept listeners alive.
 *
 * Other listeners are held weakly. Their events and frames wait until the pump runs.
 */
export class Pump {
  readonly #backend: Backend;
  readonly #listeners = new Map<number, WeakRef<Listener>>();
  readonly #kept = new Set<Listener>();
  /** Handles that have something, in the order of their turns. */
  readonly #due = new Set<number>();
  #isRunning = false;
  #isParked = false;
  #until = 0;

  /** A pump over `backend`. */
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Calls `listener` from now on when `handle` has something. */
  register(handle: number, listener: Listener): void {
    this.#listeners.set(handle, new WeakRef(listener));
  }

  /** Forgets `handle`. */
  unregister(handle: number): void {
    this.#listeners.delete(handle);
    this.#due.delete(handle);
  }

  /** Keeps the process alive for `listener`, or does so no longer. */
  keep(listener: Listener, isActive: boolean): void {
    if (isActive) {
      this.#kept.add(listener);
      if (!this.#isRunning) this.#run();
    } else if (this.#kept.delete(listener) && this.#kept.size === 0) {
      this.#unpark();
    }
  }

  /** Gives the listener of `handle` a turn soon. */
  soon(handle: number): void {
    this.#due.add(handle);
    this.#unpark();
  }

  /** Gives the listener of `handle` a turn, at once if this turn's time is not up; not to be called by an observer. */
  again(handle: number): void {
    if (performance.now() < this.#until) this.#serve(handle);
    else this.#due.add(handle);
    if (this.#due.size > 0) this.#unpark();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#kept.size > 0) {
        this.#isParked = true;
        const handles = await this.#backend.wait(this.#due.size > 0 ? 0 : WAIT_MS);
        this.#isParked = false;
        for (const handle of handles) this.#due.add(handle);
        this.#until = performance.now() + TURN_MS;
        for (const handle of this.#due) {
          this.#serve(handle);
          if (performance.now() >= this.#until) break;
        }
      }
    } catch (error) {
      const orphans = [...this.#kept];
      this.#kept.clear();
      for (const orphan of orphans) orphan.abort(error);
    } finally {
      this.#isParked = false;
      this.#isRunning = false;
    }
  }

  #serve(handle: number): void {
    this.#due.delete(handle);
    const listener = this.#listeners.get(handle)?.deref();
    try {
      if (listener?.ready(this.#until)) this.#due.add(handle);
    } catch (error) {
      // A handle that cannot be asked would be reported for ever.
      this.unregister(handle);
      this.#backend.release(handle);
      listener?.abort(error);
    }
  }

  #unpark(): void {
    if (this.#isParked) this.#backend.wake();
  }
}
