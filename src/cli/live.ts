/**
 * Live sources from the command line: capture devices, screens and network streams.
 *
 * @module
 */

import {
  type ColourSpace,
  type DeviceSettings,
  type LiveSource,
  type NetworkSettings,
  type ScreenSettings,
  type SourceStateEvent,
  VideoSourceFactory,
} from "../../mod.ts";
import type { Printer } from "./printer.ts";

/** The live source that the arguments name. */
export type LiveInput =
  | { readonly kind: "device"; readonly name: string; readonly settings: DeviceSettings }
  | { readonly kind: "screen"; readonly name: string; readonly settings: ScreenSettings }
  | { readonly kind: "network"; readonly name: string; readonly settings: NetworkSettings };

/** Opens a live source. */
export function openLive(input: LiveInput, colour: ColourSpace): Promise<LiveSource> {
  const factory = VideoSourceFactory.getInstance();
  switch (input.kind) {
    case "device":
      return factory.getDevice(input.name, colour, input.settings);
    case "screen":
      return factory.createScreenSource(colour, input.settings);
    case "network":
      return factory.connectNetworkSource(input.name, colour, input.settings);
  }
}

/** What is recorded, in words; of an address only what is no secret. */
export function wordsOfLive({ kind, name }: LiveInput): string {
  switch (kind) {
    case "device":
      return `the device ${JSON.stringify(name)}`;
    case "screen":
      return "the screen";
    case "network":
      return `the stream ${JSON.stringify(withoutSecrets(name))}`;
  }
}

/** An address without its user, password and query. */
function withoutSecrets(address: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i.exec(address) ?? [];
  const [authority = ""] = rest.split(/[?#]/);
  return scheme + authority.slice(authority.lastIndexOf("@") + 1);
}

/** Prints a line with the time for whatever happens to a live source. */
export function printStates(source: LiveSource, printer: Printer): void {
  const print = ({ at, type, error, gap }: SourceStateEvent): void => {
    const time = new Date(at).toLocaleTimeString("en-GB");
    const text = type === "resumed"
      ? `Frames come again after ${(gap?.seconds ?? 0).toFixed(1)} s`
      : `${WORDS[type] ?? type}: ${error?.message ?? "no cause is known"}`;
    void printer.line(`${time} ${text}`);
  };
  for (const type of ["stalled", "signallost", "lost", "resumed"] as const) source.addEventListener(type, print);
}

const WORDS: Readonly<Record<string, string>> = {
  stalled: "The source stalls",
  signallost: "The source has no signal",
  lost: "The source is lost",
};
