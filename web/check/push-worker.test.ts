import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";

const SOURCE = readFileSync(new URL("../public/push-worker.js", import.meta.url), "utf8");

interface Shown {
  title: string;
  body: string;
  tag?: string;
  data: { seq?: number };
  renotify?: boolean;
  silent?: boolean;
}

let shown: Shown[];
let push: (message: object | null) => Promise<void>;

/** The worker, among what a browser has: a notification takes the place of the one with its tag. */
beforeEach(() => {
  shown = [];
  const heard = new Map<string, (event: object) => void>();
  const registration = {
    getNotifications: ({ tag }: { tag: string }) => Promise.resolve(shown.filter((one) => one.tag === tag)),
    showNotification: async (title: string, options: Omit<Shown, "title">) => {
      await Promise.resolve();
      shown = [...shown.filter(({ tag }) => tag === undefined || tag !== options.tag), { title, ...options }];
    },
  };
  const self = { registration, addEventListener: (kind: string, listener: (event: object) => void) => heard.set(kind, listener) };
  new Function("self", "caches", SOURCE)(self, {});
  push = (message) =>
    new Promise((resolve, reject) => {
      const data = message && { json: () => message };
      heard.get("push")?.({ data, waitUntil: (task: Promise<void>) => void task.then(resolve, reject) });
    });
});

const titles = (): string[] => shown.map(({ title }) => title);

test("a newer message takes the place of the one before, and is heard", async () => {
  await push({ title: "Almost there", tag: "TRK-1", seq: 7 });
  await push({ title: "Here", tag: "TRK-1", seq: 9 });
  expect(shown).toMatchObject([{ title: "Here", renotify: true, data: { seq: 9 } }]);
  expect(shown[0]?.silent).toBeUndefined();
});

test("an older one that comes late shows the newer one again, unheard", async () => {
  await push({ title: "Delivered", body: "At 12:40", tag: "TRK-1", url: "/track/TRK-1", tracking_id: "TRK-1", seq: 9 });
  await push({ title: "Almost there", body: "Soon", tag: "TRK-1", seq: 7 });
  expect(shown).toMatchObject([{ title: "Delivered", body: "At 12:40", silent: true, data: { url: "/track/TRK-1", tracking_id: "TRK-1", seq: 9 } }]);
  expect(shown[0]?.renotify).toBeUndefined();
});

test("messages that come at once end with the newest", async () => {
  await Promise.all([7, 9, 8].map((seq) => push({ title: `Message ${seq}`, tag: "TRK-1", seq })));
  expect(titles()).toEqual(["Message 9"]);
});

test("messages of other deliveries, and without a number or any words, are shown beside it", async () => {
  await push({ title: "Here", tag: "TRK-1", seq: 9 });
  await push({ title: "Elsewhere", tag: "TRK-2", seq: 1 });
  await push(null);
  await push({ title: "Unnumbered", tag: "TRK-1" });
  expect(titles()).toEqual(["Elsewhere", "Onway", "Unnumbered"]);
});
