// Vite turns the import of a picture into its address.
declare module '*.svg' {
  const url: string;
  export default url;
}
