/** What the page was served with, and what its address says. */
import type { Problem, Snapshot } from "../client";

export interface PageConfig {
  /** A MapLibre style, or a raster template with `{z}/{x}/{y}`; none draws on a plain background. */
  map_style_url: string | null;
  /** Plain text, shown on the map beside what the style brings. */
  map_attribution: string | null;
  /** Put where a URL of the map says `{key}`. */
  map_key: string | null;
  /** The key of push messages; none where none are sent. */
  push_key?: string | null;
  /** IANA name; the browser's by default. */
  timezone: string | null;
  /** BCP 47; the browser's by default. */
  locale: string | null;
}

export interface PageData {
  tracking_id: string | null;
  /** The opaque string of the share link that this page was opened by. */
  link: string | null;
  snapshot: Snapshot | null;
  problem: Problem | null;
  config: PageConfig;
}

const NO_CONFIG: PageConfig = {
  map_style_url: null,
  map_attribution: null,
  map_key: null,
  timezone: null,
  locale: null,
};

/** Reads the data block; an unfilled one (the development server) leaves it to the address. */
export function readPageData(block: string | null | undefined, pathname: string): PageData {
  const given = parse(block);
  const link = shareLink(pathname);
  return {
    tracking_id: given.tracking_id ?? link?.split(".")[0] ?? trackingId(pathname),
    link,
    snapshot: given.snapshot ?? null,
    problem: given.problem ?? null,
    config: { ...NO_CONFIG, ...given.config },
  };
}

function parse(block: string | null | undefined): Partial<PageData> {
  try {
    const value: unknown = JSON.parse(block ?? "null");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function trackingId(pathname: string): string | null {
  return segment(/^\/track\/([^/]+)\/?$/, pathname);
}

function shareLink(pathname: string): string | null {
  return segment(/^\/s\/([^/]+)\/?$/, pathname);
}

function segment(pattern: RegExp, pathname: string): string | null {
  const found = pattern.exec(pathname)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return null;
  }
}
