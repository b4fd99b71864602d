// Shows push messages, and opens the page of a delivery when one is touched. The tracking page registers it by itself;
// the driver's service worker has it in it.

/** Where the page keeps the address that it was opened by: a share link is no one's business but this browser's. */
const pageOf = (tracking_id) => `/push/page/${encodeURIComponent(tracking_id)}`;

function read(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

/** The message that came before: each looks at what it left. */
let turn = Promise.resolve();

self.addEventListener("push", (event) => {
  const message = read(event.data);
  const shown = turn.then(() => show(message));
  turn = shown.catch(() => undefined);
  event.waitUntil(shown);
});

async function show({ title = "Onway", body = "", tag, url = "/", tracking_id, seq }) {
  const options = { body, icon: "/icons/drive-192.png", data: { url, tracking_id, seq } };
  if (!tag) return self.registration.showNotification(title, options);
  const newer = (await self.registration.getNotifications({ tag })).find(({ data }) => data?.seq > seq);
  // Messages overtake each other. A push has to show something: the newer one again, unheard.
  if (newer) return self.registration.showNotification(newer.title, { ...options, body: newer.body, data: newer.data, tag, silent: true });
  // A newer message of a delivery takes the place of the one before, and is heard.
  return self.registration.showNotification(title, { ...options, tag, renotify: true });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data ?? {}));
});

async function openPage({ url, tracking_id }) {
  const kept = url === "/drive" ? undefined : await caches.match(pageOf(tracking_id));
  const page = new URL(kept ? await kept.text() : url, self.location.origin);
  if (page.origin !== self.location.origin) return;
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((client) => new URL(client.url).pathname === page.pathname);
  await (there ? there.focus() : self.clients.openWindow(page.href));
}
