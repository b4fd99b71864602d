/** The service worker, which opens this page without a network. */

const WORKER = "/drive-worker.js";

/**
 * Registers it. `onUpdate` hears of a newer version that waits, with what takes it into use: that
 * loads the page again, so it is for the driver to choose the moment.
 */
export async function install(onUpdate: (use: () => void) => void): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  try {
    const registration = await serviceWorker.register(WORKER, { scope: "/drive" });
    const offer = (): void => {
      const { waiting } = registration;
      // Without a controller this is the first visit, and nothing older is in use.
      if (!waiting || !serviceWorker.controller) return;
      onUpdate(() => {
        serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
        waiting.postMessage({ type: "SKIP_WAITING" });
      });
    };
    offer();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", offer);
    });
  } catch {
    // Private windows have none: the page then needs a network to open.
  }
}
