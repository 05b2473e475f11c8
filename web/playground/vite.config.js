import { defineConfig } from "vite";

// The names are stable, so that a rebuild can be compared with what was
// committed, and all addresses are relative, so that the page works under any
// path. It lies in build/ until pack.js has compressed it into dist/.
const output = {
  entryFileNames: "playground/[name].js",
  chunkFileNames: "playground/[name].js",
  assetFileNames: "playground/[name].[ext]",
};
const checks = { moduleLevelDirective: false }; // "use client" and its like mean nothing here

export default defineConfig({
  base: "./",
  build: {
    outDir: "build",
    assetsDir: "playground",
    assetsInlineLimit: 0, // what page and script both refer to would be inlined in some builds and not in others
    license: { fileName: "playground/licenses.md" },
    chunkSizeWarningLimit: 4000, // kB: an editor is large
    rolldownOptions: { checks, output },
  },
  worker: {
    format: "es",
    // One file each: a worker's chunk would overwrite one of the page with its name.
    rolldownOptions: { checks, output: { ...output, codeSplitting: false } },
  },
  server: { proxy: { "/graphql": { target: "http://127.0.0.1:8080", ws: true } } },
});
