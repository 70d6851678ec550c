/**
 * The command `deno task devices`: what can be captured on this machine.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type DeviceInfo, type Rational, VideoSourceFactory } from "../../mod.ts";
import { Printer } from "./printer.ts";
import { sentence } from "./recording.ts";

const HELP = `List the capture devices of this machine.

  deno task devices [--json]

The first word of each is its id, for deno task record --device ID; it stays the same when the device is plugged in again.`;

/** Lists the devices; returns the exit code. */
export async function main(args: readonly string[], out: Printer, err: Printer): Promise<number> {
  let values: { readonly json: boolean; readonly help: boolean };
  try {
    const options = {
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    } as const;
    values = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    await err.line(sentence(error));
    return 2;
  }
  if (values.help) {
    await out.line(HELP);
    return 0;
  }
  try {
    const devices = await VideoSourceFactory.getInstance().listDevices();
    await out.line(values.json ? JSON.stringify(devices, undefined, 2) : devicesText(devices));
    return 0;
  } catch (error) {
    await err.line(sentence(error));
    return 1;
  }
}

/** The devices in a few lines each. */
export function devicesText(devices: readonly DeviceInfo[]): string {
  if (devices.length === 0) return "No capture device is connected to this machine";
  return devices.map((device) => linesOf(device).join("\n")).join("\n\n");
}

function linesOf({ id, name, path, problem, users, inputs, formats }: DeviceInfo): string[] {
  const lines = [`${id}  ${name}  ${path}`];
  if (problem !== null) lines.push(`  ${problem.message}`);
  for (const { name, pid } of users) lines.push(`  in use by ${name} (process ${pid})`);
  if (inputs.length > 1) {
    const names = inputs.map(({ index, name, isSelected }) => `${index} ${name}${isSelected ? " (set)" : ""}`);
    lines.push(`  inputs: ${names.join(", ")}`);
  }
  for (const { fourCc, sizes } of formats) lines.push(`  ${fourCc}: ${sizes.map(wordsOfSize).join(", ")}`);
  return lines;
}

function wordsOfSize({ width, height, range, rates }: DeviceInfo["formats"][number]["sizes"][number]): string {
  const size = range === null ? `${width}x${height}` : `${range.width}x${range.height} to ${width}x${height}`;
  const words = rates.map(({ rate, lowest }) => (lowest === null ? "" : `${plain(lowest)} to `) + plain(rate));
  return words.length === 0 ? size : `${size} at ${words.join(" ")} fps`;
}

function plain({ num, den }: Rational): string {
  return String(Number((num / den).toFixed(3)));
}

if (import.meta.main) {
  Deno.exitCode = 1;
  Deno.exitCode = await main(Deno.args, new Printer(Deno.stdout), new Printer(Deno.stderr));
}
