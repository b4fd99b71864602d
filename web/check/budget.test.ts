/** What a page may weigh, and what the Worker relies on: read off a build, not guessed. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

/** Script of the customer's page without the map, gzip. */
const SCRIPT_BUDGET = 60 * 1024;
const STYLE_BUDGET = 10 * 1024;

const PLACEHOLDERS = [
  "<!--onway:title-->",
  "<!--onway:headline-->",
  "<!--onway:eta-->",
  "<!--onway:detail-->",
  '<script type="application/json" id="onway-data"><!--onway:data--></script>',
];

let files: Map<string, Rolldown.OutputChunk | Rolldown.OutputAsset>;
let html: string;

beforeAll(async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const built = (await build({ root, logLevel: "silent", build: { write: false } })) as Rolldown.RolldownOutput;
  files = new Map(built.output.map((file) => [file.fileName, file]));
  html = text("track.html");
}, 60_000);

function text(name: string): string {
  const file = files.get(name);
  if (!file) throw new Error(`${name} was not built`);
  return file.type === "chunk" ? file.code : String(file.source);
}

/** The chunks that a page loads at once: its own, and what those import. */
function scripts(page: string): string[] {
  const found = [...text(page).matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] ?? "");
  for (const name of found) {
    const chunk = files.get(name);
    const imports = chunk?.type === "chunk" ? chunk.imports : [];
    found.push(...imports.filter((imported) => !found.includes(imported)));
  }
  return found;
}

const gzipped = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + gzipSync(text(name)).length, 0);

test("the tracking page's script, without the map, is within its budget", () => {
  const loaded = scripts("track.html");
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.join()).not.toContain("map-view");
  expect(gzipped(loaded)).toBeLessThan(SCRIPT_BUDGET);
});

test("its style sheets are within theirs", () => {
  const sheets = [...html.matchAll(/href="\/(assets\/[^"]+\.css)"/g)].map((match) => match[1] ?? "");
  expect(sheets.length).toBeGreaterThan(0);
  expect(gzipped(sheets)).toBeLessThan(STYLE_BUDGET);
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
  for (const page of ["track.html", "index.html"]) expect(text(page)).not.toMatch(/(src|href)="(https?:)?\/\//);
});

test("referrers leave the origin without the tracking id", () => {
  for (const page of ["track.html", "index.html"]) {
    expect(text(page)).toContain('<meta name="referrer" content="strict-origin-when-cross-origin"');
  }
});
