// The tables of hostile frames, upgrades and bytes, written out.
import type { Json } from "../service.ts";
import { built, changed, named, read, type Text, written } from "./cases.ts";

export interface FrameCase {
  name: string;
  /** Who holds the socket; nobody for a watcher. */
  as: string | null;
  delivery: string;
  frame?: unknown;
  text?: Text;
  hex?: Text;
  bytes?: number;
  /** The text goes out as a binary frame. */
  binary?: boolean;
  /** The code of the error frame; null where no answer is one. */
  error?: string | null;
  field?: string;
  id?: string | number;
  answer?: string;
  close?: [number, string];
}

export interface UpgradeCase {
  name: string;
  path: Text;
  as?: string | null;
  protocols?: string[];
  headers?: Record<string, string>;
  close?: [number, string];
  answer?: string;
  /** The subprotocol that the 101 names. */
  protocol?: string;
}

export interface RawCase {
  name: string;
  text?: Text;
  hex?: Text;
  /** The client sends no more after it. */
  end?: boolean;
  /** It comes after an upgrade that held. */
  upgrade?: boolean;
  status?: number;
  /** The connection ends without an answer. */
  closed?: true;
  field?: string;
  /** The code of an error frame. */
  error?: string;
  close?: number;
}

interface Table<Row> {
  entry: string;
  cases: Row[];
}

type Each<Row> = Row & { each?: string[]; values?: unknown[] };

/** One case for each field and value where a row names some. */
function expanded<Row extends { name: string }>(file: string, set: (row: Row, field: string, value: unknown) => Row): Table<Row> {
  const { entry, cases } = read<Table<Each<Row>>>(file);
  const all = cases.flatMap(({ each, values, ...row }): Row[] => {
    const one = row as unknown as Row;
    if (!each || !values) return [one];
    return each.flatMap((field) => values.map((value) => ({ ...set(one, field, value), name: `${one.name}, ${field} = ${named(value)}` })));
  });
  return { entry, cases: all };
}

export function frames(): Table<FrameCase> {
  const { entry, cases } = expanded<FrameCase>("frames", (row, field, value) => ({
    ...row,
    ...(row.error === "invalid" ? { field } : {}),
    frame: changed(row.frame, [field], value),
  }));
  return { entry, cases: cases.map((row) => ({ ...row, as: row.as === undefined ? "driver" : row.as, delivery: row.delivery ?? "id" })) };
}

export function upgrades(): Table<UpgradeCase> {
  return expanded<UpgradeCase>("upgrades", (row, field, value) => ({ ...row, [field]: value }));
}

export function raw(): Table<RawCase> {
  return read<Table<RawCase>>("raw");
}

/** What a case sends as one frame. */
export function message({ frame, text, hex, binary, bytes }: FrameCase, filled: (text: string) => string): string | Uint8Array {
  if (hex !== undefined) return Uint8Array.from(Buffer.from(written(hex), "hex"));
  const sent = text === undefined ? filled(JSON.stringify(built(frame as Json))) : written(text);
  if (bytes !== undefined && Buffer.byteLength(sent) !== bytes) throw new Error(`${Buffer.byteLength(sent)} bytes are not ${bytes}`);
  return binary ? Uint8Array.from(Buffer.from(sent)) : sent;
}
