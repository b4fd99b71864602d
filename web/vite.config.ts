// The pages and how they are built. One HTML file a page; the Worker fills and serves them.
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";

/** Where `npm run dev` finds the API: the Worker on its local port. */
const ORIGIN = process.env["ONWAY_ORIGIN"] ?? "http://127.0.0.1:8787";

/** The driver's pages: all that the service worker answers without a network. */
const DRIVE = /^\/drive(\/connect)?\/?(\?|$)/;

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Serves `/track/{id}`, `/s/{link}` and `/drive` from their files, as the Worker does. */
function pages(): Plugin {
  return {
    name: "onway-pages",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = request.url?.split("?")[0] ?? "";
        if (/^\/(track|s)\/[^/]+$/.test(path)) request.url = "/track.html";
        if (DRIVE.test(path)) request.url = "/drive.html";
        if (path === "/deliveries") request.url = "/deliveries.html";
        if (path === "/dispatch") request.url = "/dispatch.html";
        if (path === "/store") request.url = "/store.html";
        if (path === "/integrations") request.url = "/webhooks.html";
        next();
      });
    },
  };
}

/** What the driver's page loads, now or later: found in the build, so that nothing else is put into its cache. */
function driveFiles(): { plugin: Plugin; has: (url: string) => boolean } {
  const files = new Set<string>();
  const plugin: Plugin = {
    name: "onway-drive-files",
    generateBundle(_options, bundle) {
      const visit = (name: string): void => {
        const chunk = bundle[name];
        if (files.has(name) || chunk?.type !== "chunk") return;
        files.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
        for (const imported of [...chunk.imports, ...chunk.dynamicImports]) visit(imported);
      };
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk" && chunk.facadeModuleId === page("drive.html")) visit(chunk.fileName);
      }
    },
  };
  return { plugin, has: (url) => files.has(url) };
}

const drive = driveFiles();

/** The driver's page opens offline; nothing else is ever answered by the service worker. */
const offline = VitePWA({
  filename: "drive-worker.js",
  scope: "/drive",
  // The page registers it itself, and asks before a newer one takes over.
  injectRegister: false,
  registerType: "prompt",
  manifest: false,
  workbox: {
    mode: "production",
    globPatterns: ["drive.html", "drive.webmanifest", "favicon.svg", "icons/*.png", "assets/*.{js,css}"],
    navigateFallback: "/drive.html",
    navigateFallbackAllowlist: [DRIVE],
    inlineWorkboxRuntime: true,
    importScripts: ["/push-worker.js"],
    sourcemap: false,
    manifestTransforms: [
      (entries) => ({ manifest: entries.filter(({ url }) => !url.startsWith("assets/") || drive.has(url)), warnings: [] }),
    ],
  },
});

export default defineConfig({
  plugins: [pages(), drive.plugin, offline],
  server: {
    host: "127.0.0.1",
    proxy: {
      "^/(tracking|drivers|push/|health|stats|fleet(\\?|$)|emergencies|webhooks(/ep_|/order-service|\\?|$))": ORIGIN,
      "^/ws/": { target: ORIGIN, ws: true },
    },
  },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    target: "es2022",
    // MapLibre is one lazy chunk of about this size.
    chunkSizeWarningLimit: 1_200,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: page("index.html"),
        track: page("track.html"),
        drive: page("drive.html"),
        deliveries: page("deliveries.html"),
        dispatch: page("dispatch.html"),
        store: page("store.html"),
        webhooks: page("webhooks.html"),
      },
    },
  },
});
