/** Walks the boxes of an ISO base media file (ISO/IEC 14496-12). */

/** A box and what is in it. */
export interface Box {
  readonly type: string;
  /** The bytes after the header. */
  readonly body: DataView;
}

/** The boxes that lie one after another in `view`. */
export function boxesIn(view: DataView): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= view.byteLength;) {
    const short = view.getUint32(at);
    const header = short === 1 ? 16 : 8;
    const length = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? view.byteLength - at : short;
    if (length < header || at + length > view.byteLength) {
      throw new Error(`A box of ${length} bytes at ${at} does not fit`);
    }
    const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)));
    boxes.push({ type, body: new DataView(view.buffer, view.byteOffset + at + header, length - header) });
    at += length;
  }
  return boxes;
}

/** The only box at the end of `path`, such as `moov/trak/mdia`. */
export function boxAt(boxes: readonly Box[], path: string): Box {
  const [type, ...rest] = path.split("/");
  const found = boxes.filter((box) => box.type === type);
  const [box] = found;
  if (box === undefined || found.length !== 1) throw new Error(`There are ${found.length} boxes "${type}"`);
  return rest.length === 0 ? box : boxAt(boxesIn(box.body), rest.join("/"));
}
