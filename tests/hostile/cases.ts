// The tables of hostile input, and how what they describe in short is written out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../service.ts";

/** Text in parts; a part may be repeated. */
export type Text = string | { repeat: [Text, number] } | Text[];

export interface Case {
  name: string;
  /** Who asks: a role, a stranger, or nobody. */
  as?: string | null;
  method: string;
  path: Text;
  headers: Record<string, Text>;
  /** What is sent: JSON, text as it is, bytes in hex, or `[before, each, count, after]` with # for the number. */
  body?: unknown;
  text?: Text;
  hex?: Text;
  numbered?: [string, string, number, string];
  /** How long that must be: says that the case is what its name says. */
  bytes?: number;
  status: number;
  field?: string;
  allow?: string;
}

/** A case as a table writes it. */
interface Row extends Partial<Case> {
  /** Changes members of the body. */
  with?: Json;
  /** One case for each of these fields (a path into the body, a header or a part of the request) and values. */
  each?: string[];
  in?: "body" | "headers" | "request";
  values?: unknown[];
}

interface Table extends Partial<Case> {
  entry: string;
  cases: Row[];
}

export function written(text: Text): string {
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map(written).join("");
  return written(text.repeat[0]).repeat(text.repeat[1]);
}

/** JSON in which `{"repeat": […]}` stands for a text and `{"array": [item, count]}` for an array. */
export function built(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(built);
  if (typeof value !== "object" || value === null) return value;
  const { repeat, array } = value as { repeat?: [Text, number]; array?: [unknown, number] };
  if (repeat) return written({ repeat });
  if (array) return Array.from({ length: array[1] }, () => built(array[0]));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, built(member)]));
}

/** A copy of `target` with the member at a path of names set. */
export function changed(target: unknown, path: string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const object = typeof target === "object" && target !== null ? (target as Json) : {};
  return { ...object, [name]: changed(object[name] ?? { lat: 5.6, lng: -0.2 }, rest, value) };
}

export function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, `${file}.json`), "utf8")) as T;
}

/** The bytes that a case sends, if any. */
export function sent(it: Pick<Case, "body" | "text" | "hex" | "numbered" | "bytes">): string | Uint8Array<ArrayBuffer> | undefined {
  let body: string | Uint8Array<ArrayBuffer> | undefined;
  if (it.hex !== undefined) body = Uint8Array.from(Buffer.from(written(it.hex), "hex"));
  else if (it.text !== undefined) body = written(it.text);
  else if (it.numbered) {
    const [before, each, count, after] = it.numbered;
    body = before + Array.from({ length: count }, (_, i) => each.replace("#", String(i))).join("") + after;
  } else if (it.body !== undefined) body = JSON.stringify(built(it.body));
  if (it.bytes !== undefined && Buffer.byteLength(body ?? "") !== it.bytes) throw new Error(`${Buffer.byteLength(body ?? "")} bytes are not ${it.bytes}`);
  return body;
}

/** What a value is called in the name of a test. */
export function named(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Every case of a table of requests, written out. */
export function requests(file: string): { entry: string; cases: Case[] } {
  const { entry, cases, ...common } = read<Table>(file);
  const all = cases.flatMap((row): Case[] => {
    const { with: change, each, in: where = "body", values, ...own } = row;
    // A body of its own replaces the table's, in whatever form.
    const body = ["text", "hex", "numbered"].some((form) => form in own) ? {} : { body: common.body };
    const one = { headers: {}, ...common, ...body, ...own } as Case;
    if (change) one.body = { ...(one.body as Json), ...change };
    if (!each || !values) return [one];
    return each.flatMap((field) =>
      values.map((value) => {
        const name = `${one.name}, ${field} = ${named(value)}`;
        if (where === "request") return { ...one, name, [field]: value };
        const at = one.status === 422 ? { field: one.field ?? field } : {};
        if (where === "headers") return { ...one, name, ...at, headers: { ...one.headers, [field]: value as Text } };
        return { ...one, name, ...at, body: changed(one.body, field.split("."), value) };
      }),
    );
  });
  return { entry, cases: all };
}
