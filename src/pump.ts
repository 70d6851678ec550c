/**
 * One parked native wait per JavaScript context hands events to whom they concern.
 *
 * @module
 */

import type { Backend } from "./backend/contract.ts";
import type { Event } from "./generated/contract.ts";

/** Whom a handle's events concern. */
export interface Listener {
  /** Takes the handle's events in their order; never throws. */
  receive(events: readonly Event[]): void;
  /** The pump has failed: no event will come any more; never throws. */
  abandon(error: unknown): void;
}

/** A lost wake would keep the process alive for this long; no other purpose. */
const WAIT_MS = 10_000;

/**
 * Parks while a listener is kept, and only then: the parked call keeps the process and the kept listeners alive.
 *
 * Other listeners are held weakly. Their events wait until the pump runs.
 */
export class Pump {
  readonly #backend: Backend;
  readonly #listeners = new Map<number, WeakRef<Listener>>();
  readonly #kept = new Set<Listener>();
  #isRunning = false;
  #isParked = false;

  /** A pump over `backend`. */
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Hands the events of `handle` to `listener` from now on. */
  register(handle: number, listener: Listener): void {
    this.#listeners.set(handle, new WeakRef(listener));
  }

  /** Forgets `handle`. */
  unregister(handle: number): void {
    this.#listeners.delete(handle);
  }

  /** Keeps the process alive for `listener`'s events, or no longer does. */
  keep(listener: Listener, isActive: boolean): void {
    if (isActive) {
      this.#kept.add(listener);
      if (!this.#isRunning) this.#run();
    } else if (this.#kept.delete(listener) && this.#kept.size === 0 && this.#isParked) {
      this.#backend.wake();
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#kept.size > 0) {
        this.#isParked = true;
        const handles = await this.#backend.wait(WAIT_MS);
        this.#isParked = false;
        for (const handle of handles) this.#deliver(handle);
      }
    } catch (error) {
      const orphans = [...this.#kept];
      this.#kept.clear();
      for (const orphan of orphans) orphan.abandon(error);
    } finally {
      this.#isParked = false;
      this.#isRunning = false;
    }
  }

  #deliver(handle: number): void {
    const listener = this.#listeners.get(handle)?.deref();
    let events: readonly Event[];
    try {
      events = this.#backend.events(handle);
    } catch (error) {
      // A handle whose events cannot be taken would be reported for ever.
      this.#listeners.delete(handle);
      this.#backend.release(handle);
      listener?.abandon(error);
      return;
    }
    listener?.receive(events);
  }
}
