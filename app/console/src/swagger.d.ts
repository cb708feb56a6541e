// What the API page uses of Swagger UI, which ships no types; its docs/usage/configuration.md describes it.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Options {
    url: string;
    domNode: HTMLElement;
    /** Keeps the operation that is open in the address. */
    deepLinking: boolean;
    /** How deep the list of schemas is open; 0: closed. */
    defaultModelsExpandDepth: number;
    displayRequestDuration: boolean;
    /** A service that checks the description; null: none. */
    validatorUrl: null;
  }

  export default function SwaggerUI(options: Options): void;
}
