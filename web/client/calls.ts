/** What a page asks of one delivery besides following it. */
import { type Init, request, send } from "./http";
import type { History, HistoryPoint, LinkEntry, MadeLink, Snapshot } from "./wire";

/** By what right the page asks. */
export interface Access {
  readonly tracking_id: string;
  readonly token: string | null;
  /** The opaque string of a share link. */
  readonly link: string | null;
  readonly fetch?: typeof fetch;
}

/** Points of a track that a page can use. */
const MAX_POINTS = 2_000;
/** No track has as many pages. */
const MAX_PAGES = 20;

/** Rates it, or rates it anew. */
export function rate(access: Access, stars: number, comment: string): Promise<Snapshot> {
  const { token, link } = access;
  // A token says more than the link that the page was opened by.
  const query = token === null && link !== null ? `?link=${encodeURIComponent(link)}` : "";
  const body = comment.trim() === "" ? { stars } : { stars, comment: comment.trim() };
  return ask(access, `/rating${query}`, { method: "POST", body: JSON.stringify(body) });
}

/** Gives the driver other instructions; nothing but spaces takes them away. */
export function instruct(access: Access, text: string): Promise<Snapshot> {
  const instructions = text.trim() === "" ? null : text.trim();
  return ask(access, "", { method: "PATCH", body: JSON.stringify({ instructions }) });
}

/** The image of a proof. */
export async function proofImage(access: Access, proof_id: string, signal: AbortSignal): Promise<Blob> {
  const path = pathOf(access, `/proof/${encodeURIComponent(proof_id)}`);
  return (await send(path, { token: access.token ?? undefined, signal }, access.fetch)).blob();
}

export async function links(access: Access): Promise<LinkEntry[]> {
  return (await ask<{ links: LinkEntry[] }>(access, "/links")).links;
}

/** Makes a link; `to` in Unix seconds, null: it ends with the delivery. */
export function makeLink(access: Access, label: string, to: number | null): Promise<MadeLink> {
  const body = JSON.stringify(to === null ? { label } : { label, to });
  return ask(access, "/links", { method: "POST", body });
}

export async function revokeLink(access: Access, id: string): Promise<void> {
  await ask(access, `/links/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** The whole track, as it was believed. */
export async function track(access: Access): Promise<HistoryPoint[]> {
  const points: HistoryPoint[] = [];
  let cursor: string | null | undefined = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ max_points: String(MAX_POINTS), ...(cursor && { cursor }) });
    const headers = { Accept: "application/json" };
    const found: History = await ask<History>(access, `/history?${query}`, { headers });
    points.push(...found.points);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  return points;
}

function ask<T>(access: Access, path: string, init: Init = {}): Promise<T> {
  return request<T>(pathOf(access, path), { ...init, token: access.token ?? undefined }, access.fetch);
}

function pathOf({ tracking_id }: Access, path: string): string {
  return `/tracking/${encodeURIComponent(tracking_id)}${path}`;
}
