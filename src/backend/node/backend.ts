/**
 * The native library through the addon, in Node.
 *
 * @module
 */

import { backendOf } from "../backend.ts";
import type { Backend } from "../contract.ts";
import type { Library } from "../library.ts";
import type { Addon } from "./addon.ts";
import { openAddon } from "./library.ts";
import { requestPermission } from "./permissions.ts";

/** Opens the native library and a context in it. */
export async function openNodeBackend(): Promise<Backend> {
  return backendOf(libraryOf(await openAddon()), requestPermission);
}

/** The promise of a call whose result is to come. */
interface Caller {
  readonly resolve: (json: string) => void;
  readonly reject: (error: Error) => void;
}

function libraryOf(addon: Addon): Library {
  const callers = new Map<number, Caller>();
  let lastCall = 0;

  const context = new addon.Context((call, isDone, json) => {
    const caller = callers.get(call);
    settle(call);
    if (isDone) caller?.resolve(json);
    else caller?.reject(new Error(json));
  });

  /** The process lives as long as results are to come. */
  const settle = (call: number): void => {
    if (callers.delete(call) && callers.size === 0) context.hold(false);
  };

  const later = (start: (call: number) => void): Promise<string> =>
    new Promise((resolve, reject) => {
      const call = lastCall = (lastCall + 1) >>> 0;
      if (callers.size === 0) context.hold(true);
      callers.set(call, { resolve, reject });
      try {
        start(call);
      } catch (error) {
        settle(call);
        throw error;
      }
    });

  return {
    wait: (timeoutMs) => later((call) => context.wait(call, timeoutMs)),
    wake: () => context.wake(),
    openLater: (options) => later((call) => context.openLater(call, options)),
    open: (options) => context.open(options),
    command: addon.command,
    commandLater: (handle, command) => later((call) => context.commandLater(call, handle, command)),
    stats: addon.stats,
    events: addon.events,
    exchange: addon.exchange,
    append: addon.append,
    convert: addon.convert,
    close: addon.close,
    release: addon.release,
  };
}
