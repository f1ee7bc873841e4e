import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";

/**
 * Lets half surrogate pairs through the JSON decoder, which would refuse them without saying where they are; the validation that
 * follows refuses them with their position. Bytes that are not UTF-8 are still refused by the decoder.
 *
 * The function is marked as deprecated for those who used it to polyfill a runtime; there is no other way to change this check.
 */
export function leaveSurrogatesToValidation(): void {
  configureTextEncoding({ ...getTextEncoding(), checkUtf8: () => true });
}
