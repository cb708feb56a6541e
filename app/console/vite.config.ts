import { defineConfig } from 'vite';

const notices = {
  '@novnc': '/*! noVNC, MPL-2.0: npm package @novnc/novnc */',
  'swagger-ui-dist': '/*! Swagger UI, Apache-2.0: npm package swagger-ui-dist */',
};

// The page is served under a policy that allows no inline script, style or data: script, so the build inlines nothing.
export default defineConfig({
  // The client is on the same origin as the API; there is nothing to copy from a public folder.
  publicDir: false,
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // dist holds the tracked placeholder.html; `npm run build` removes dist/assets, and the rest is overwritten.
    emptyOutDir: false,
    // The console loads noVNC, one chunk of about 200 kB, before it needs it. The API page alone has Swagger UI, 1.7 MB.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: ['index.html', 'reference.html'],
      output: {
        // Their licences ask that users are told whose work it is and where its source is.
        postBanner: (chunk) =>
          Object.entries(notices).filter(([name]) => chunk.moduleIds.some((id) => id.includes(name))).map(([, n]) => n).join('\n'),
      },
    },
  },
});
