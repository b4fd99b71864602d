/** What a page may weigh, and what the Worker relies on: read off a build, not guessed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

/** Script of a page without what it loads later, gzip. */
const SCRIPT_BUDGET = 60 * 1024;
const STYLE_BUDGET = 10 * 1024;

const PLACEHOLDERS = [
  "<!--onway:title-->",
  "<!--onway:headline-->",
  "<!--onway:eta-->",
  "<!--onway:detail-->",
  '<script type="application/json" id="onway-data"><!--onway:data--></script>',
];

/** What `npm run build` wrote; `npm run check` runs it first. */
const dist = fileURLToPath(new URL("../dist", import.meta.url));
if (!existsSync(dist)) throw new Error("The pages are not built: npm --prefix web run build");

const files = readdirSync(join(dist, "assets")).map((name) => `assets/${name}`);
const text = (name: string): string => readFileSync(join(dist, name), "utf8");
const html = text("track.html");

/** What the service worker keeps for the driver's page. */
const precached = [...text("drive-worker.js").matchAll(/url:"([^"]+)"/g)].map((match) => match[1] ?? "");

/** The chunks that a page loads at once: its own, and what those import. */
function scripts(page: string): string[] {
  const found = [...text(page).matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] ?? "");
  for (const name of found) {
    const imports = [...text(name).matchAll(/\b(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)].map((match) => `assets/${match[1] ?? ""}`);
    found.push(...imports.filter((imported) => !found.includes(imported)));
  }
  return found;
}

const gzipped = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + gzipSync(text(name)).length, 0);

test("the tracking page's script, without the map and what is for a few, is within its budget", () => {
  const loaded = scripts("track.html");
  const later = files.filter((name) => /(map-view|Parts|Replay)-[^/]*\.js$/.test(name));
  expect(later.length).toBe(3);
  expect(loaded.filter((name) => later.includes(name))).toEqual([]);
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test("the script of a customer's own deliveries is within its budget, without the map", () => {
  const loaded = scripts("deliveries.html");
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.join()).not.toContain("map-view");
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test.each(["dispatch.html", "store.html"])("the script of %s is within its budget, without the map and the charts", (page) => {
  const loaded = scripts(page);
  expect(loaded.length).toBeGreaterThan(1);
  const later = files.filter((name) => /(fleet-map|map-style|Statistics|Replay)-[^/]*\.js$/.test(name));
  expect(later.length).toBe(4);
  expect(loaded.filter((name) => later.includes(name))).toEqual([]);
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test("the script of webhooks is within its budget, without the map", () => {
  const loaded = scripts("webhooks.html");
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.join()).not.toMatch(/map|Statistics/);
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test("the driver's script, without the QR codes, is within its budget", () => {
  const loaded = scripts("drive.html");
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.join()).not.toContain("qr-");
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test("the driver's page opens offline with all that it loads, and nothing of another page", () => {
  const assets = precached.filter((url) => url.startsWith("assets/"));
  for (const script of scripts("drive.html")) expect(assets).toContain(script);
  expect(assets.some((url) => url.includes("qr-"))).toBe(true);
  expect(assets.filter((url) => /map|track|index|fleet|start|Statistics|webhooks/.test(url))).toEqual([]);
  const pages = precached.filter((url) => !url.startsWith("assets/") && !url.startsWith("icons/"));
  expect(pages.toSorted()).toEqual(["drive.html", "drive.webmanifest", "favicon.svg"]);
});

test.each(["track.html", "drive.html", "deliveries.html", "dispatch.html", "store.html", "webhooks.html"])("the style sheets of %s are within theirs", (page) => {
  const sheets = [...text(page).matchAll(/href="\/(assets\/[^"]+\.css)"/g)].map((match) => match[1] ?? "");
  expect(sheets.length).toBeGreaterThan(0);
  expect(gzipped(sheets)).toBeLessThan(STYLE_BUDGET);
});

test.each(["dispatch.html", "store.html", "webhooks.html"])("the Worker finds the place of the settings in %s exactly once", (page) => {
  expect(text(page).split('<script type="application/json" id="onway-data"><!--onway:data--></script>').length).toBe(2);
});

test.each(PLACEHOLDERS)("the Worker finds %s exactly once", (placeholder) => {
  expect(html.split(placeholder).length).toBe(2);
});

test("no script stands between the answer and the ETA", () => {
  const tags = [...html.matchAll(/<script\b[^>]*>/g)].map((match) => match[0]);
  for (const tag of tags) expect(tag).toMatch(/type="(module|application\/json)"/);
  const inline = [...html.matchAll(/<script type="module"[^>]*>([^<]+)<\/script>/g)];
  expect(inline).toEqual([]);
});

test("no page asks another host for anything", () => {
  for (const page of ["track.html", "drive.html", "deliveries.html", "dispatch.html", "store.html", "webhooks.html", "index.html"]) expect(text(page)).not.toMatch(/(src|href)="(https?:)?\/\//);
});

// The page of a delivery says it in its header, since a share link is stricter.
test("referrers leave the origin without the tracking id", () => {
  for (const page of ["drive.html", "deliveries.html", "dispatch.html", "store.html", "webhooks.html", "index.html"]) {
    expect(text(page)).toContain('<meta name="referrer" content="strict-origin-when-cross-origin"');
  }
});
