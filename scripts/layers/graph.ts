/** Arrows between files and between rooms: which ones are not allowed, and which ones make a circle. */

import type { Finding } from "../finding.ts";

/** One file uses another. */
export interface Arrow {
  /** Path of the file that uses the other, from the root folder. */
  readonly file: string;
  /** The line, from 1, on which it does. */
  readonly line: number;
  /** Path of the file that is used. */
  readonly target: string;
}

/** The folders of one language, and which may use which. */
export interface Rooms {
  /** The room in which a file lies. */
  readonly roomOf: (file: string) => string;
  /** Each room, and the rooms that it may use besides itself. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
}

/** Every one of `files` that lies in no room. */
export function checkPlaces(files: readonly string[], { roomOf, allowed }: Rooms): Finding[] {
  return files.filter((file) => allowed[roomOf(file)] === undefined).map((file) => ({
    ...{ file, line: 1 },
    text: "this file lies in no room; move it into one, or add a room to scripts/layers/rooms.ts",
  }));
}

/** Every arrow between rooms that is not allowed, every circle of rooms and every circle of files. */
export function checkArrows(arrows: readonly Arrow[], rooms: Rooms): Finding[] {
  const between = arrows.map((arrow) => ({
    ...arrow,
    file: rooms.roomOf(arrow.file),
    target: rooms.roomOf(arrow.target),
  }));
  const isAllowed = between.map(({ file, target }) =>
    file === target || rooms.allowed[file]?.includes(target) === true
  );
  const refused = arrows.flatMap(({ file, line }, index): Finding[] => {
    const { file: from = "", target: to = "" } = between[index] ?? {};
    if (isAllowed[index] === true) return [];
    return [{
      file,
      line,
      text: `${from} may not use ${to}; turn the arrow round, or add it to scripts/layers/rooms.ts`,
    }];
  });
  const circles = circlesIn(between.filter(({ file, target }, index) => isAllowed[index] === true && file !== target));
  return [
    ...refused,
    ...circles.map((circle): Finding => {
      const first = between.findIndex(({ file, target }) => file === circle[0] && target === circle[1]);
      const { file = "", line = 1 } = arrows[first] ?? {};
      return { file, line, text: `a circle of folders: ${circle.join(" → ")}; turn one arrow round` };
    }),
    ...checkCircles(arrows),
  ];
}

/** Every circle of files. */
export function checkCircles(arrows: readonly Arrow[]): Finding[] {
  return circlesIn(arrows).map((circle): Finding => {
    const [file = "", next] = circle;
    const line = arrows.find((arrow) => arrow.file === file && arrow.target === next)?.line ?? 1;
    return { file, line, text: `a circle of files: ${circle.join(" → ")}; turn one arrow round` };
  });
}

/** The arrows between rooms as lines of text, one for each room: `pipeline → backend base frame`. */
export function roomArrows(arrows: readonly Arrow[], { roomOf, allowed }: Rooms): string[] {
  const used = new Map<string, Set<string>>(Object.keys(allowed).map((room) => [room, new Set()]));
  for (const { file, target } of arrows) {
    const [from, to] = [roomOf(file), roomOf(target)];
    used.set(from, (used.get(from) ?? new Set()).add(to));
  }
  return [...used].map(([room, targets]) => {
    const others = [...targets].filter((target) => target !== room).sort();
    return `${room} → ${others.length === 0 ? "nothing" : others.join(" ")}`;
  });
}

/** One shortest circle through each group of nodes that reach each other, beginning and ending with the same node. */
function circlesIn(arrows: readonly Pick<Arrow, "file" | "target">[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { file, target } of arrows) next.set(file, (next.get(file) ?? new Set()).add(target));
  const circles: string[][] = [];
  const done = new Set<string>();
  for (const start of [...next.keys()].sort()) {
    const circle = done.has(start) ? undefined : circleThrough(start, next);
    if (circle === undefined) continue;
    circles.push(circle);
    // Nodes of one group share its first circle, or every chord of a large group would be a finding of its own.
    for (const node of next.keys()) if (reaches(start, node, next) && reaches(node, start, next)) done.add(node);
  }
  return circles;
}

function circleThrough(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const before = new Map<string, string>();
  for (const node of reachable(start, next, before)) {
    if (node !== start) continue;
    const circle = [start];
    do circle.unshift(before.get(circle[0] ?? start) ?? start); while (circle[0] !== start);
    return circle;
  }
  return undefined;
}

function reaches(start: string, goal: string, next: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  return reachable(start, next, new Map()).includes(goal);
}

/** The nodes that arrows from `start` lead to, nearest first, `start` itself only if in a circle; fills in `before`. */
function reachable(
  start: string,
  next: ReadonlyMap<string, ReadonlySet<string>>,
  before: Map<string, string>,
): string[] {
  const found: string[] = [];
  for (const node of next.get(start) ?? []) visit(node, start);
  for (const node of found) for (const target of next.get(node) ?? []) visit(target, node);
  return found;

  function visit(node: string, from: string): void {
    if (before.has(node)) return;
    before.set(node, from);
    found.push(node);
  }
}
