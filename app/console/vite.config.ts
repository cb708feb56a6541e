import { defineConfig } from 'vite';

// The page is served under a policy that allows no inline script, style or data: script, so the build inlines nothing.
export default defineConfig({
  base: './',
  // The client is on the same origin as the API; there is nothing to copy from a public folder.
  publicDir: false,
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // dist holds the tracked placeholder.html; `npm run build` removes dist/assets, and the rest is overwritten.
    emptyOutDir: false,
    // noVNC is one chunk of about 200 kB that is loaded before it is needed.
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: {
        // The licence of noVNC asks that its users are told where its source is.
        postBanner: (chunk) =>
          chunk.moduleIds.some((id) => id.includes('@novnc')) ? '/*! noVNC, MPL-2.0: npm package @novnc/novnc */' : '',
      },
    },
  },
});
