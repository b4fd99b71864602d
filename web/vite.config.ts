// The pages and how they are built. One HTML file a page; the Worker fills and serves them.
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Where `npm run dev` finds the API: the Worker on its local port. */
const ORIGIN = process.env["ONWAY_ORIGIN"] ?? "http://127.0.0.1:8787";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Serves `/track/{id}` and `/s/{link}` from `track.html`, as the Worker does. */
function pages(): Plugin {
  return {
    name: "onway-pages",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        if (/^\/(track|s)\/[^/]+$/.test(request.url?.split("?")[0] ?? "")) request.url = "/track.html";
        next();
      });
    },
  };
}

export default defineConfig({
  plugins: [pages()],
  server: {
    host: "127.0.0.1",
    proxy: {
      "^/(tracking|health|stats)": ORIGIN,
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
    rollupOptions: { input: { index: page("index.html"), track: page("track.html") } },
  },
});
