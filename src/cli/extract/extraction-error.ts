/** No text could be taken from a file; the message goes on after the file's name, and is for people. */
export class ExtractionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ExtractionError";
  }
}
