/**
 * The native library of this JavaScript context, opened on first use.
 *
 * @module
 */

import type { Backend } from "../backend/contract.ts";
import { BufferPool } from "./buffer_pool.ts";
import { type Listener, Pump } from "./pump.ts";

interface Holding {
  readonly native: Native;
  readonly handle: number;
}

/** Frees the handles of objects that were dropped without being closed: a safety net, not to be relied on. */
const dropped = new FinalizationRegistry<Holding>(({ native, handle }) => native.forget(handle));

/** A backend with its pump, and the handles that live in it. */
export class Native {
  /** The native calls. */
  readonly backend: Backend;
  /** Delivers events and frames. */
  readonly pump: Pump;
  /** Memory for frames. */
  readonly pool: BufferPool = new BufferPool();

  /** An opened backend with a pump that does not run yet. */
  constructor(backend: Backend) {
    this.backend = backend;
    this.pump = new Pump(backend);
  }

  /** Delivers the events of `handle` to `owner`, and frees the handle when `owner` is collected. */
  adopt(handle: number, owner: Listener): void {
    this.pump.register(handle, owner);
    dropped.register(owner, { native: this, handle }, owner);
  }

  /** Frees `handle`, whose end `owner` has seen. */
  release(handle: number, owner: Listener): void {
    dropped.unregister(owner);
    this.pump.keep(owner, false);
    this.forget(handle);
  }

  /** Frees `handle`. */
  forget(handle: number): void {
    this.pump.unregister(handle);
    this.backend.release(handle);
  }
}

let opening: Promise<Native> | undefined;
let opened: Native | undefined;

/**
 * The native library of this context; the first call opens it, and a failed one can be repeated.
 *
 * @throws {GiftGrabError} If none can be used.
 */
export function openNative(): Promise<Native> {
  opening ??= nativeOf(openBackend()).catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

/** The native library of this context if it is open, for work that must be done before the turn ends. */
export function openedNative(): Native | undefined {
  return opened;
}

/** Replaces the runtime's backend by `backend`, or restores it with `undefined`; for tests. */
export function useBackend(backend: Backend | Promise<Backend> | undefined): void {
  opened = undefined;
  opening = backend && nativeOf(Promise.resolve(backend));
}

async function nativeOf(backend: Promise<Backend>): Promise<Native> {
  return opened = new Native(await backend);
}

async function openBackend(): Promise<Backend> {
  if ("Deno" in globalThis) {
    const { openDenoBackend } = await import("../backend/deno/backend.ts");
    return openDenoBackend();
  }
  const { openNodeBackend } = await import("../backend/node/backend.ts");
  return openNodeBackend();
}
