/**
 * The backend contract over the native library, the same in every runtime.
 *
 * @module
 */

import type { Backend, Reply, StatsByKind } from "./contract.ts";
import { errorOf, type Side } from "../base/errors.ts";
import type { Command, ErrorRecord, Status } from "../generated/contract.ts";
import type { Library, RequestPermission } from "./library.ts";

/** The side of each kind, for the errors of `stats`. */
const SIDES = {
  source: "source",
  target: "target",
  filter: "observer",
  tap: "observer",
} as const satisfies Record<keyof StatsByKind, Side>;

/** The backend over `library`, in a runtime that grants files by `requestPermission`. */
export function backendOf(library: Library, requestPermission: RequestPermission): Backend {
  return {
    wait: async (timeoutMs) => JSON.parse(await caughtLater("library", library.wait(timeoutMs))),
    wake: () => library.wake(),
    openLater: async (options, side) => JSON.parse(await caughtLater(side, library.openLater(JSON.stringify(options)))),
    open: (options, side) => caught(side, () => library.open(JSON.stringify(options))),
    command: <C extends Command>(handle: number, command: C, side: Side): Reply<C> =>
      JSON.parse(caught(side, () => library.command(handle, JSON.stringify(command)))),
    commandLater: async <C extends Command>(handle: number, command: C, side: Side): Promise<Reply<C>> =>
      JSON.parse(await caughtLater(side, library.commandLater(handle, JSON.stringify(command)))),
    stats: (handle, kind) => JSON.parse(caught(SIDES[kind], () => library.stats(handle))),
    events: (handle) => JSON.parse(caught("library", () => library.events(handle))),
    // Written out, for every frame passes here.
    exchange: (tap, outcome, header, data) => {
      try {
        return library.exchange(tap, outcome, header, data) as Status;
      } catch (error) {
        throw errorFrom("observer", error);
      }
    },
    append: (target, policy, header, data) => {
      try {
        return library.append(target, policy, header, data) as Status;
      } catch (error) {
        throw errorFrom("target", error);
      }
    },
    convert: (...given) => caught("library", () => library.convert(...given)),
    close: (handle, side) => caught(side, () => library.close(handle)),
    release: (handle) => {
      try {
        library.release(handle);
      } catch {
        // The handle is free already.
      }
    },
    requestRead: (path) => requestPermission("read", path),
    requestNet: (host) => requestPermission("net", host),
    requestWrite: (path) => requestPermission("write", path),
  };
}

/** Returns what `call` returns; throws its error as one of ours, of the class for `side`. */
function caught<T>(side: Side, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw errorFrom(side, error);
  }
}

/** The same for a promise. */
async function caughtLater<T>(side: Side, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw errorFrom(side, error);
  }
}

/** Our error for one of the library; one of the runtime, such as for an argument that is no number, stays as it is. */
function errorFrom(side: Side, error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith("{")) return error;
  try {
    return errorOf(side, JSON.parse(error.message) as ErrorRecord);
  } catch {
    return error;
  }
}
