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

/** Frees the handles of what was dropped without being closed: a safety net, nothing to rely on. */
const dropped = new FinalizationRegistry<Holding>(({ native, handle }) => native.forget(handle));

/** A backend with its pump, and the handles that live in it. */
export class Native {
  /** The native calls. */
  readonly backend: Backend;
  /** What brings their events. */
  readonly pump: Pump;
  /** Memory for frames. */
  readonly pool: BufferPool = new BufferPool();

  /** An opened backend with a pump that does not run yet. */
  constructor(backend: Backend) {
    this.backend = backend;
    this.pump = new Pump(backend);
  }

  /** Makes `owner` the one who gets the events of `handle`, and whose end frees it. */
  adopt(handle: number, owner: Listener): void {
    this.pump.register(handle, owner);
    dropped.register(owner, { native: this, handle }, owner);
  }

  /** Frees `handle`, which `owner` has seen closed. */
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
 * @throws {GiftGrabError} If there is none that can be used.
 */
export function openNative(): Promise<Native> {
  opening ??= nativeOf(openBackend()).catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

/** The native library of this context if it is open: for what must happen before the turn ends. */
export function openedNative(): Native | undefined {
  return opened;
}

/** Puts `backend` in the place of the runtime's own, or with `undefined` that one back; for tests. */
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
